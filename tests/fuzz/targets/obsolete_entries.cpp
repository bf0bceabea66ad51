#include "trainer/input/obsolete_entries.hpp"

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "trainer/input/text_file.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.dat", [](std::string_view text) {
    const auto entries = trainer::ObsoleteEntries::parse(text, "fuzz.dat");
    std::size_t replaced = 0;
    trainer::Lines lines(text);
    std::string_view line;
    while (lines.next(line)) {
      constexpr std::size_t old_id = 20, new_id = 29, length = 4;
      if (!line.starts_with("OBSLTE") || line.size() < new_id + length) continue;
      ++replaced;
      const auto last = entries.replacement(line.substr(old_id, length));
      fuzz::require(last.has_value(), "an entry with a successor is replaced");
      fuzz::require(last->size() == length && *last == trainer::in_small_letters(*last), "ids are small letters");
      fuzz::require(!entries.replacement(*last), "what replaces an entry is not replaced itself");
    }
    fuzz::require(entries.size() <= replaced, "no entry is replaced that no line names");
  });
}

#include "tests/fuzz/frame/alignment_checks.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.a3m",
                         [](std::string_view text) { fuzz::check_alignment(trainer::parse_a3m(text, "fuzz.a3m")); });
}

#include "trainer/input/cluster_file.hpp"

#include <map>
#include <utility>
#include <vector>

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "trainer/input/text_file.hpp"

using namespace foldperf;

namespace {

// The same, told from the text in the simplest way.
std::map<std::string, std::int64_t> sizes_of(std::string_view text) {
  std::map<std::string, std::int64_t> sizes;
  trainer::Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    std::vector<std::string> names;
    std::string name;
    for (const char character : std::string(line) + ' ') {
      const bool is_blank = character == ' ' || character == '\t';
      if (!is_blank) name += character;
      if (is_blank && !name.empty()) names.push_back(trainer::in_capitals(std::exchange(name, {})));
    }
    for (const std::string& one : names) sizes[one] = static_cast<std::int64_t>(names.size());
  }
  return sizes;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.txt", [](std::string_view text) {
    const trainer::ClusterSizes clusters = trainer::ClusterSizes::parse(text, "fuzz.txt");
    const std::map<std::string, std::int64_t> expected = sizes_of(text);
    fuzz::require(clusters.chain_count() == expected.size(), "each chain is in a cluster, once");
    for (const auto& [name, count] : expected) {
      fuzz::require(clusters.find(name) == count, "a chain's cluster has as many chains as its line");
      fuzz::require(clusters.find(trainer::in_small_letters(name)) == count, "the case of letters does not count");
    }
  });
}

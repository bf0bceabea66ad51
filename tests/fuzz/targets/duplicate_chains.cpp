#include "trainer/input/duplicate_chains.hpp"

#include <set>

#include "tests/fuzz/frame/fuzz_target.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.txt", [](std::string_view text) {
    std::set<std::string> seen;
    for (const std::vector<std::string>& chains : trainer::parse_duplicate_chains(text, "fuzz.txt")) {
      fuzz::require(chains.size() > 1, "a line of duplicates has several chains");
      for (const std::string& chain : chains) {
        fuzz::require(!chain.empty() && text.find(chain) != std::string_view::npos, "names stand in the text");
        fuzz::require(seen.insert(chain).second, "a chain stands in one line");
      }
    }
  });
}

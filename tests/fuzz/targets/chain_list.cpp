#include "trainer/input/chain_list.hpp"

#include <set>

#include "tests/fuzz/frame/fuzz_target.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.txt", [](std::string_view text) {
    const std::vector<std::string> names = trainer::parse_chain_list(text, "fuzz.txt");
    fuzz::require(!names.empty(), "a list has a name");
    fuzz::require(std::set<std::string>(names.begin(), names.end()).size() == names.size(), "each name is there once");
    trainer::ChainListFilter filter(names);
    std::size_t unused = filter.unused().size();
    fuzz::require(unused > 0 && unused <= names.size(), "at first no name was used");
    for (const std::string& name : names) {
      fuzz::require(text.find(name) != std::string_view::npos, "names stand in the text");
      // Names are of chains or of entries: each admits itself either way.
      fuzz::require(filter.may_admit(name) && filter.admits("another", name), "an entry of the list is admitted");
      fuzz::require(filter.admits(name, "another"), "a chain of the list is admitted");
    }
    fuzz::require(filter.unused().empty() && filter.left_out() == 0, "all were used, none left out");
    fuzz::require(!filter.admits("not in it", "nor this") && filter.left_out() == 1,
                  "others are left out, and counted");
  });
}

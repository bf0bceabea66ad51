#include "trainer/input/chain_data_cache.hpp"

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "tests/fuzz/frame/scratch_folder.hpp"
#include "trainer/input/chain_filters.hpp"

using namespace foldperf;

namespace {

void check_filters(const trainer::ChainDataCache& cache) {
  std::vector<std::string> names;
  for (const auto& [name, chain] : cache) {
    fuzz::require(!chain.sequence.empty(), "each chain has a sequence");
    names.push_back(name);
  }
  trainer::ChainFilterOptions options;
  options.max_release_date = "2010-01-01";
  const trainer::FilteredChains filtered = trainer::filter_chains(names, cache, options);
  std::size_t counted = 0;
  for (const std::size_t count : filtered.counts) counted += count;
  fuzz::require(counted == names.size(), "each chain is kept or left out, once");
  fuzz::require(filtered.count(trainer::Exclusion::none) == filtered.kept.size(), "the kept ones are counted");
  for (const trainer::KeptChain& chain : filtered.kept) {
    fuzz::require(chain.probability > 0 && chain.probability <= 1, "probabilities are above 0 and at most 1");
  }
}

// A cache that was read can be written, and is then the same.
void check_written(const trainer::ChainDataCache& cache) {
  const testing::TemporaryFolder& folder = fuzz::scratch_folder();
  trainer::write_chain_data_cache(cache, folder / "written.json");
  const trainer::ChainDataCache again = trainer::read_chain_data_cache(folder / "written.json");
  fuzz::require(again.size() == cache.size(), "written and read again, there are as many chains");
  for (const auto& [name, chain] : cache) {
    const auto found = again.find(name);
    fuzz::require(found != again.end(), "written and read again, each chain is there");
    fuzz::require(found->second.sequence == chain.sequence, "written and read again, sequences are the same");
    fuzz::require(found->second.resolution == chain.resolution, "written and read again, resolutions are the same");
    fuzz::require(found->second.cluster_size == chain.cluster_size, "written and read again, clusters are the same");
    fuzz::require(found->second.release_date == chain.release_date, "written and read again, dates are the same");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.json", [](std::string_view text) {
    const trainer::ChainDataCache cache = trainer::parse_chain_data_cache(std::string(text), "fuzz.json");
    check_filters(cache);
    check_written(cache);
  });
}

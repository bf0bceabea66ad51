#include "trainer/input/mmcif_cache.hpp"

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "tests/fuzz/frame/scratch_folder.hpp"
#include "trainer/input/text_file.hpp"

using namespace foldperf;

namespace {

// A cache that was read can be written, and is then the same.
void check_written(const trainer::MmcifCache& cache) {
  const testing::TemporaryFolder& folder = fuzz::scratch_folder();
  trainer::write_mmcif_cache(cache, folder / "written.json");
  const trainer::MmcifCache again = trainer::read_mmcif_cache(folder / "written.json");
  fuzz::require(again.size() == cache.size(), "written and read again, there are as many entries");
  for (const auto& [name, entry] : cache) {
    const auto found = again.find(name);
    fuzz::require(found != again.end(), "written and read again, each entry is there");
    fuzz::require(found->second.chain_ids == entry.chain_ids, "written and read again, chains are the same");
    fuzz::require(found->second.sequences == entry.sequences, "written and read again, sequences are the same");
    fuzz::require(found->second.cluster_sizes == entry.cluster_sizes, "written and read again, clusters are the same");
    fuzz::require(found->second.resolution == entry.resolution, "written and read again, resolutions are the same");
    fuzz::require(found->second.release_date == entry.release_date, "written and read again, dates are the same");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.json", [](std::string_view text) {
    const trainer::MmcifCache cache = trainer::parse_mmcif_cache(std::string(text), "fuzz.json");
    for (const auto& [name, entry] : cache) {
      const std::size_t chains = entry.chain_ids.size();
      fuzz::require(entry.sequences.size() == chains, "each chain has a sequence");
      fuzz::require(entry.cluster_sizes.empty() || entry.cluster_sizes.size() == chains, "each chain has a cluster");
    }
    for (const auto& [name, date] : trainer::release_dates(cache)) {
      fuzz::require(trainer::is_iso_date(date), "release dates are dates");
    }
    check_written(cache);
  });
}

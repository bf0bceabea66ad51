#include "core/database/reader.hpp"
#include "core/exchange/run_import.hpp"
#include "tests/fuzz/frame/fuzz_target.hpp"
#include "tests/fuzz/frame/scratch_folder.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::TemporaryFolder& folder = fuzz::scratch_folder();
  const std::string file = folder / "fuzz.sqlite";
  return fuzz::try_input(data, size, file, [&](std::string_view bytes) {
    testing::write_file(file, bytes);
    const exchange::ImportReport report = exchange::import_nsight(file, folder / "run.db");
    const database::RunReader run(folder / "run.db");
    fuzz::require(static_cast<std::size_t>(report.ranks) == run.ranks().size(), "each rank is in the run");
    std::int64_t rows = 0;
    for (const char* table : {"CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_MEMCPY", "CUPTI_ACTIVITY_KIND_MEMSET",
                              "CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
                              "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "NVTX_EVENTS"}) {
      rows += run.count(table);
    }
    fuzz::require(rows == report.events, "each event that was counted is in the run");
  });
}

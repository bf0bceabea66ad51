// NVTX: the collector that foldperf profile loads into programs, and what else may be in its place.
#include <cstdlib>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/library.hpp"
#include "cli/programs.hpp"

namespace foldperf::cli::doctor {

Finding examine_nvtx() {
  Finding finding;
  finding.name = "NVTX";
  finding.need = Need::profiling;
  finding.means = "without the collector, foldperf profile cannot record";
  const auto path = find_collector();
  if (!path) {
    finding.found = "libfoldperf_collector.so is not beside foldperf nor in ../lib";
    finding.advice = "build or install the target foldperf_collector";
    return finding;
  }
  const Outcome outcome = run_isolated([&] {
    const Library library({*path});
    if (!library) return library.error();
    return std::string(
        library.function<int(void*)>("InitializeInjectionNvtx2") != nullptr ? "" : "its entry point is missing");
  });
  if (!outcome.ok || !outcome.text.empty()) {
    finding.state = State::broken;
    finding.found = outcome.ok ? outcome.text : "loading it " + outcome.problem;
    finding.advice = "build or install the target foldperf_collector again";
    return finding;
  }
  finding.facts.emplace_back("collector", *path);
  const char* other = std::getenv("NVTX_INJECTION64_PATH");
  if (other != nullptr && *other != '\0' && *path != other) {
    finding.state = State::broken;
    finding.found =
        std::string("NVTX_INJECTION64_PATH is set to ") + other + ": another profiler is in the collector's place";
    finding.advice = "unset NVTX_INJECTION64_PATH before foldperf profile";
    return finding;
  }
  finding.state = State::ok;
  finding.found = "the collector loads";
  finding.means =
      "foldperf profile records the NVTX ranges of any program, Python's torch.cuda.nvtx too, without a GPU";
  return finding;
}

}  // namespace foldperf::cli::doctor

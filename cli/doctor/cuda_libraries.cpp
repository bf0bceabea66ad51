// CUPTI and NCCL: libraries of the CUDA toolkit or of Python packages.
#include <functional>
#include <string>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/library.hpp"
#include "cli/doctor/places.hpp"

namespace foldperf::cli::doctor {
namespace {

// Loads the first of the candidates in a child and asks for its version. The answer: "path\nversion", or "" and why.
Finding examine(const std::string& name, const std::vector<std::string>& candidates,
                const std::function<std::string(const Library&)>& version) {
  Finding finding;
  finding.name = name;
  const Outcome outcome = run_isolated([&] {
    const Library library(candidates);
    return library ? library.path() + "\n" + version(library) : "\n" + library.error();
  });
  const auto line_end = outcome.text.find('\n');
  if (!outcome.ok || line_end == std::string::npos) {
    finding.state = State::broken;
    finding.found = outcome.problem;
  } else if (line_end == 0) {
    finding.found = outcome.text.substr(1);
  } else {
    finding.state = State::ok;
    finding.found = outcome.text.substr(line_end + 1);
    finding.facts.emplace_back("library", outcome.text.substr(0, line_end));
  }
  return finding;
}

}  // namespace

Finding examine_cupti() {
  Finding finding = examine(
      "CUPTI", library_candidates({"libcupti.so.13", "libcupti.so.12", "libcupti.so"}, {"cu13/lib", "cuda_cupti/lib"}),
      [](const Library& library) {
        auto* get_version = library.function<int(unsigned*)>("cuptiGetVersion");
        unsigned version = 0;
        if (get_version == nullptr || get_version(&version) != 0) return std::string("version unknown");
        return "API version " + std::to_string(version);
      });
  finding.means = finding.state == State::ok
                      ? "tracing GPU kernels and copies; this version of foldperf records NVTX ranges only"
                      : "NVTX ranges are recorded without it; GPU kernels and copies cannot be traced";
  if (finding.state != State::ok) finding.advice = "install torch for CUDA (it brings CUPTI), or the CUDA toolkit";
  return finding;
}

Finding examine_nccl() {
  Finding finding =
      examine("NCCL", library_candidates({"libnccl.so.2", "libnccl.so"}, {"nccl/lib"}), [](const Library& library) {
        auto* get_version = library.function<int(int*)>("ncclGetVersion");
        int version = 0;
        if (get_version == nullptr || get_version(&version) != 0) return std::string("version unknown");
        return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
               std::to_string(version % 100);
      });
  finding.means = finding.state == State::ok
                      ? "collectives between GPUs; this version of foldperf trains on one GPU or the CPU"
                      : "training on one GPU or the CPU needs none";
  if (finding.state != State::ok) finding.advice = "install torch for CUDA (it brings NCCL)";
  return finding;
}

}  // namespace foldperf::cli::doctor

// The torch packages of this machine's Python environments, and whether this foldperf-train runs with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace foldperf::cli::doctor {

struct TorchInstallation {
  std::string folder;    // …/site-packages/torch
  std::string found_by;  // "FOLDPERF_TORCH_DIR", "the active environment", "python3"
  std::string version;   // "2.11.0+cu130"; empty: no version.py
  std::string cuda;      // "13.0"; empty: for the CPU only
  std::string problem;   // why foldperf-train cannot be run with it; empty: it can
};

// In the order in which they are taken: the folder that FOLDPERF_TORCH_DIR names (then no other), the active virtual or
// conda environment (where one of them can be taken, the search ends), .venv of the checkout, python3 of PATH.
const std::vector<TorchInstallation>& torch_installations();

// The first that foldperf-train can be run with.
const TorchInstallation* usable_torch();

// One line: all that was found in its place and why it does not fit, and one: what to do.
std::string no_usable_torch();
std::string torch_advice();

// Folders for the dynamic linker, as LD_LIBRARY_PATH has them: torch's own, those of the CUDA libraries that came with
// it, and before them, where this machine's C++ library is older than this release needs, that of the release's own.
std::string library_path(const TorchInstallation& torch);

// Where foldperf lies in a release: programs in libexec/, which launchers in bin/ start with these folders
// (scripts/release/). Nothing in a build or installed tree, whose programs find their torch by themselves.
std::optional<std::string> release_folder();

}  // namespace foldperf::cli::doctor

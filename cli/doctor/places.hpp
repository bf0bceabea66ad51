// Where libraries of the GPU world lie on this machine.
#pragma once

#include <string>
#include <vector>

namespace foldperf::cli::doctor {

// Folders "site-packages" of the Python environments that count: that of the torch that is taken, the active
// one, the one beside our build, and python3's in PATH. Existing ones only, each once.
const std::vector<std::string>& python_packages();

// What dlopen may be given for a library: its bare name (the system's search), then files in CUDA_HOME, the usual
// toolkit folders, and the nvidia packages of the Python environments that match `package_folder` ("cu13/lib",
// "nccl/lib").
std::vector<std::string> library_candidates(const std::vector<std::string>& names,
                                            const std::vector<std::string>& package_folders);

}  // namespace foldperf::cli::doctor

#include "cli/doctor/places.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/doctor/isolated.hpp"
#include "cli/doctor/torch_installation.hpp"
#include "cli/programs.hpp"

namespace foldperf::cli::doctor {
namespace {

namespace fs = std::filesystem;

void add_folder(std::vector<std::string>& folders, const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || !fs::is_directory(real, error)) return;
  if (std::find(folders.begin(), folders.end(), real.string()) == folders.end()) folders.push_back(real.string());
}

// <environment>/lib/python3.x/site-packages
void add_environment(std::vector<std::string>& folders, const fs::path& environment) {
  std::error_code error;
  for (fs::directory_iterator entry(environment / "lib", error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().rfind("python3", 0) == 0)
      add_folder(folders, entry->path() / "site-packages");
  }
}

std::vector<std::string> find_python_packages() {
  std::vector<std::string> folders;
  // The CUDA libraries that came with the torch that is taken.
  for (const TorchInstallation& torch : torch_installations()) {
    if (torch.problem.empty()) add_folder(folders, fs::path(torch.folder).parent_path());
  }
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    if (const char* active = std::getenv(variable)) add_environment(folders, active);
  }
  // build/<preset>/bin of a checkout, and the top of an installed tree.
  const fs::path program = program_folder();
  add_environment(folders, program.parent_path().parent_path().parent_path() / ".venv");
  add_environment(folders, program.parent_path() / ".venv");
  const Outcome python = run_program({"python3", "-c", "import sys; print('\\n'.join(p for p in sys.path if p))"});
  std::istringstream lines(python.ok ? python.text : "");
  for (std::string line; std::getline(lines, line);) {
    if (line.find("-packages") != std::string::npos) add_folder(folders, line);
  }
  return folders;
}

}  // namespace

const std::vector<std::string>& python_packages() {
  static const std::vector<std::string> folders = find_python_packages();
  return folders;
}

std::vector<std::string> library_candidates(const std::vector<std::string>& names,
                                            const std::vector<std::string>& package_folders) {
  std::vector<std::string> folders;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* home = std::getenv(variable)) {
      add_folder(folders, fs::path(home) / "lib64");
      add_folder(folders, fs::path(home) / "extras/CUPTI/lib64");
    }
  }
  for (const std::string& packages : python_packages()) {
    for (const std::string& folder : package_folders) add_folder(folders, fs::path(packages) / "nvidia" / folder);
  }
  add_folder(folders, "/usr/local/cuda/lib64");
  add_folder(folders, "/usr/local/cuda/extras/CUPTI/lib64");

  std::vector<std::string> candidates(names);
  for (const std::string& folder : folders) {
    for (const std::string& name : names) {
      std::error_code error;
      if (fs::exists(fs::path(folder) / name, error)) candidates.push_back(folder + "/" + name);
    }
  }
  return candidates;
}

}  // namespace foldperf::cli::doctor

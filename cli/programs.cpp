#include "cli/programs.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <sstream>

namespace foldperf::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_that(int access_mode, const std::string& name,
                                      const std::initializer_list<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    const fs::path path = folder / name;
    std::error_code error;
    if (access(path.c_str(), access_mode) == 0 && fs::is_regular_file(path, error)) {
      const fs::path clean = fs::weakly_canonical(path, error);
      return error ? path.string() : clean.string();
    }
  }
  return std::nullopt;
}

}  // namespace

std::string program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path().string();
}

std::optional<std::string> find_collector() {
  const fs::path folder = program_folder();
  const fs::path prefix = folder.parent_path();
  return first_that(R_OK, "libfoldperf_collector.so",
                    {folder, prefix / FOLDPERF_LIBDIR, prefix / "lib", prefix / "lib64"});
}

std::optional<std::string> find_program(const std::string& name) {
  const fs::path folder = program_folder();
  // In a release the programs lie in libexec, and bin holds what starts them with the machine's torch.
  const fs::path first = folder.filename() == "libexec" ? folder.parent_path() / "bin" : folder;
  if (auto found = first_that(X_OK, name, {first, folder, folder.parent_path() / "libexec"})) return found;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string entry; std::getline(folders, entry, ':');) {
    if (auto found = first_that(X_OK, name, {entry.empty() ? fs::path(".") : fs::path(entry)})) return found;
  }
  return std::nullopt;
}

}  // namespace foldperf::cli

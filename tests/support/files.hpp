// Files and folders of tests, and where the project's own lie.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace foldperf::testing {

// FOLDPERF_SOURCE_DIR, which ctest sets; else the current folder.
std::filesystem::path project_dir();
std::filesystem::path samples_dir();

// A fresh folder, removed with all that is in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // A file in it, in folders made as needed.
  std::filesystem::path write(const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

// Throw std::runtime_error.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace foldperf::testing

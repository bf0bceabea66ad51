#include "tests/support/files.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace foldperf::testing {

namespace fs = std::filesystem;

fs::path project_dir() {
  const char* dir = std::getenv("FOLDPERF_SOURCE_DIR");
  return dir ? fs::path(dir) : fs::current_path();
}

fs::path samples_dir() {
  // In the repository; a bundle of programs has them beside the sources that its tests read.
  const fs::path in_repository = project_dir() / "samples";
  return fs::is_directory(in_repository) ? in_repository : project_dir().parent_path() / "samples";
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "foldperf-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TemporaryFolder::write(const std::string& name, std::string_view bytes) const {
  fs::create_directories((path_ / name).parent_path());
  write_file(path_ / name, bytes);
  return path_ / name;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace foldperf::testing

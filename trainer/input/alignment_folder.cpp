#include "trainer/input/alignment_folder.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

// Name without .gz.
fs::path plain_name(const fs::path& file) {
  return file.extension() == ".gz" ? file.filename().stem() : file.filename();
}

}  // namespace

std::vector<fs::path> alignment_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = plain_name(entry.path());
    if (name == "uniprot_hits.sto" || name == "hmm_output.sto") continue;
    if (name.extension() == ".a3m" || name.extension() == ".sto") files.push_back(entry.path());
  }
  if (error) throw InputError(folder.string(), "cannot be listed: " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

Alignment read_alignment(const fs::path& file) {
  const std::string text = read_text_file(file);
  const bool is_a3m = plain_name(file).extension() == ".a3m";
  return is_a3m ? parse_a3m(text, file.string()) : parse_stockholm(text, file.string());
}

}  // namespace foldperf::trainer

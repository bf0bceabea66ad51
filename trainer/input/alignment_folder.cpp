#include "trainer/input/alignment_folder.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

AlignmentFileKind alignment_file_kind(std::string_view name) {
  const fs::path plain = name_without_gz(name);
  if (plain == "uniprot_hits.sto" || plain == "hmm_output.sto") return AlignmentFileKind::other;
  const fs::path extension = plain.extension();
  if (extension == ".a3m" || extension == ".sto") return AlignmentFileKind::alignment;
  return extension == ".hhr" ? AlignmentFileKind::template_hits : AlignmentFileKind::other;
}

std::vector<fs::path> alignment_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool is_alignment = alignment_file_kind(entry.path().filename().string()) == AlignmentFileKind::alignment;
    if (is_alignment) files.push_back(entry.path());
  }
  if (error) throw InputError(folder.string(), "cannot be listed: " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

Alignment read_alignment(const fs::path& file) {
  return parse_alignment_text(read_text_file(file), file.filename().string(), file.string());
}

Alignment parse_alignment_text(std::string_view text, std::string_view name, const std::string& path) {
  const bool is_a3m = fs::path(name_without_gz(name)).extension() == ".a3m";
  return is_a3m ? parse_a3m(text, path) : parse_stockholm(text, path);
}

}  // namespace foldperf::trainer

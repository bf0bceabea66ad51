#include "trainer/input/alignment_file.hpp"

#include <filesystem>

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

Alignment parse_alignment_text(std::string_view text, std::string_view name, const std::string& path) {
  const bool is_a3m = fs::path(name_without_gz(name)).extension() == ".a3m";
  return is_a3m ? parse_a3m(text, path) : parse_stockholm(text, path);
}

}  // namespace foldperf::trainer

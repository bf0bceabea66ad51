#include "trainer/data/alignment_folder.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "core/error.hpp"
#include "trainer/data/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

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

TensorDict merge_alignments(const std::vector<Alignment>& alignments) {
  if (alignments.empty()) throw Error("no alignment to merge");
  std::unordered_set<std::string_view> seen;
  std::vector<std::int32_t> residues;
  std::vector<std::int32_t> deletions;
  const std::size_t width = alignments.front().width();
  for (const Alignment& alignment : alignments) {
    for (std::size_t row = 0; row < alignment.depth(); ++row) {
      const std::string& sequence = alignment.sequences[row];
      if (!seen.insert(sequence).second) continue;
      for (const char c : sequence) residues.push_back(hhblits_from_letter(c).value_or(unknown_residue));
      const auto first = alignment.deletions.begin() + static_cast<std::ptrdiff_t>(row * width);
      deletions.insert(deletions.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
  }
  const auto depth = static_cast<std::int64_t>(residues.size() / width);
  const std::vector<std::int64_t> shape = {depth, static_cast<std::int64_t>(width)};
  TensorDict features;
  features["msa"] = torch::tensor(residues, torch::kInt32).view(shape);
  features["deletion_matrix_int"] = torch::tensor(deletions, torch::kInt32).view(shape);
  features["num_alignments"] = torch::full({shape[1]}, depth, torch::kInt32);
  return features;
}

TensorDict chain_alignment_features(const fs::path& folder, const std::string& sequence) {
  std::vector<Alignment> alignments;
  if (!folder.empty() && fs::is_directory(folder)) {
    for (const fs::path& file : alignment_files(folder)) {
      alignments.push_back(read_alignment(file));
      if (alignments.back().width() != sequence.size()) {
        throw InputError(file.string(), "the query has " + std::to_string(alignments.back().width()) +
                                            " residues, but the chain has " + std::to_string(sequence.size()) +
                                            ": this alignment belongs to another sequence");
      }
    }
  }
  if (alignments.empty()) alignments.push_back(own_sequence_alignment(sequence));
  return merge_alignments(alignments);
}

}  // namespace foldperf::trainer

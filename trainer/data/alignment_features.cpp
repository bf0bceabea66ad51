#include "trainer/data/alignment_features.hpp"

#include <torch/torch.h>

#include <string_view>
#include <unordered_set>

#include "core/error.hpp"
#include "trainer/input/alignment_folder.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

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

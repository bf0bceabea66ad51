#include "trainer/data/alignment_features.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "core/error.hpp"
#include "trainer/input/alignment_folder.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

TensorDict merge_alignments(const std::vector<Alignment>& alignments) {
  if (alignments.empty()) throw Error("no alignment to merge");
  struct Row {
    const std::string* sequence;
    const std::int32_t* deletions;
  };
  const std::size_t width = alignments.front().width();
  std::unordered_set<std::string_view> seen;
  std::vector<Row> rows;
  for (const Alignment& alignment : alignments) {
    for (std::size_t i = 0; i < alignment.depth(); ++i) {
      const std::string& sequence = alignment.sequences[i];
      if (seen.insert(sequence).second) rows.push_back({&sequence, alignment.deletions.data() + i * width});
    }
  }
  std::array<std::int32_t, 256> residue_of{};
  for (std::size_t c = 0; c < residue_of.size(); ++c) {
    residue_of[c] = hhblits_from_letter(static_cast<char>(c)).value_or(unknown_residue);
  }
  const auto depth = static_cast<std::int64_t>(rows.size()), length = static_cast<std::int64_t>(width);
  at::Tensor msa = torch::empty({depth, length}, torch::kInt32);
  at::Tensor deletion_matrix = torch::empty({depth, length}, torch::kInt32);
  std::int32_t* residues = msa.mutable_data_ptr<std::int32_t>();
  std::int32_t* deletions = deletion_matrix.mutable_data_ptr<std::int32_t>();
  for (const Row& row : rows) {
    for (const char c : *row.sequence) *residues++ = residue_of[static_cast<unsigned char>(c)];
    deletions = std::copy(row.deletions, row.deletions + width, deletions);
  }
  return {{"msa", msa},
          {"deletion_matrix_int", deletion_matrix},
          {"num_alignments", torch::full({length}, depth, torch::kInt32)}};
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

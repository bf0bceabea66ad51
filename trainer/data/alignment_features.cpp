#include "trainer/data/alignment_features.hpp"

#include <torch/torch.h>

#include <memory>

#include "core/error.hpp"
#include "trainer/input/merged_alignment.hpp"

namespace foldperf::trainer {

TensorDict merge_alignments(const std::vector<Alignment>& alignments) {
  const auto merged = std::make_shared<MergedAlignment>(merge(alignments));
  // The tensors own the alignment, rather than copies of it.
  const auto to_tensor = [&](auto& values, at::ScalarType type) {
    return torch::from_blob(
        values.data(), {merged->depth, merged->width}, [merged](void*) {}, type);
  };
  return {{"msa", to_tensor(merged->residues, torch::kUInt8)},
          {"deletion_matrix_int", to_tensor(merged->deletions, torch::kInt16)},
          {"num_alignments", torch::full({merged->width}, merged->depth, torch::kInt32)}};
}

TensorDict chain_alignment_features(const AlignmentStore* store, const std::string& chain,
                                    const std::string& sequence) {
  std::vector<Alignment> alignments;
  if (store != nullptr) {
    for (const AlignmentFile& file : store->files(chain, AlignmentFileKind::alignment)) {
      alignments.push_back(parse_alignment(file));
      if (alignments.back().width != sequence.size()) {
        throw InputError(file.path, "the query has " + std::to_string(alignments.back().width) +
                                        " residues, but the chain has " + std::to_string(sequence.size()) +
                                        ": this alignment belongs to another sequence");
      }
    }
  }
  if (alignments.empty()) alignments.push_back(own_sequence_alignment(sequence));
  return merge_alignments(alignments);
}

}  // namespace foldperf::trainer

// A sample as the data workers make it: cropped but not padded, each number in the smallest type that holds it, all in
// one block of memory. expand_sample.hpp makes OpenFold's features of it where the model runs.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

#include "trainer/data/feature_schema.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// P is the number of recycling passes whose alignment is drawn anew (one where the passes share it), S and E the most
// rows and extra rows of a pass, L the residues of the crop. Copies share their memory.
struct CompactSample {
  std::int64_t passes = 0;  // recycling passes
  PaddedSize size;          // what the features are filled up to

  // Features of the schema that are the same in every pass, without dimensions for batch and passes. Those of residues
  // are padded already (zeros behind the crop, no copy when they are expanded), those of templates are not.
  TensorDict fixed;

  // What the passes differ in. Residues are in aatype's order.
  //   msa_rows, extra_rows            int32 [P]: rows that there are; those behind them are empty
  //   msa                             uint8 [P, S, L]: masked; no_residue in empty rows
  //   true_msa, bert_mask             uint8 [P, S, L]
  //   deletions                       int16 [P, S, L]
  //   cluster_members                 int32 [P, S]: extra rows assigned to each row (without clusters: none of these)
  //   cluster_counts                  uint8, int16 or int32 [P, S, L, 23]: of residue types in the row and its members
  //   cluster_deletions               int32 [P, S, L]: sum over the row and its members
  //   extra_msa                       uint8 [P, E, L] (without extra rows: none of these)
  //   extra_deletions                 int16 [P, E, L]
  TensorDict varying;

  at::Tensor bytes;  // uint8 [n]: the memory of all the tensors above

  // The same on another device: one copy. On the same device: itself.
  [[nodiscard]] CompactSample to(at::Device device, bool non_blocking = false) const;
  // The same in page-locked memory, from which copies to a GPU are asynchronous. Without a GPU: itself.
  [[nodiscard]] CompactSample pinned() const;
  [[nodiscard]] at::Device device() const { return bytes.device(); }
};

inline constexpr std::uint8_t no_residue = 0xFF;

}  // namespace foldperf::trainer

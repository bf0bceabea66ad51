// What each cluster of a recycling pass holds (openfold data_transforms.summarize_clusters, before the division by the
// number of its rows).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "trainer/data/msa_transforms.hpp"

namespace foldperf::trainer {

// Rows of the largest cluster, its sampled row included: no count is larger.
std::int64_t largest_cluster(const PassRows& pass);

// Over the residues [start, start + L) of the chain, for S sampled rows (and more rows of zeros behind them):
// members int32 [S]: the extra rows of each; counts [S, L, 23] uint8, int16 or int32: residue types of the row as
// masked and of its members; deletions int32 [S, L]: their sum.
void summarize_clusters(const PassRows& pass, const AlignmentView& alignment, std::int64_t start, at::Tensor members,
                        at::Tensor counts, at::Tensor deletions);

}  // namespace foldperf::trainer

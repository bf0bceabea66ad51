// The alignments of one chain as one, in the integers that features are made of.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {

struct MergedAlignment {
  std::int64_t depth = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> residues;   // [depth, width] in HHblits' order, gap_residue for '-' (residue_types.hpp)
  std::vector<std::int16_t> deletions;  // [depth, width]: residues deleted just before each position of each row
};

// The rows of the alignments in this order, each distinct one once: of rows with the same letters the first one and its
// deletions stay (openfold data_pipeline.make_msa_features). Throws Error where there is no alignment, or where they
// have different widths: a caller that knows the files says which one is wrong.
MergedAlignment merge(std::span<const Alignment> alignments);

}  // namespace foldperf::trainer

// From a chain's features and the choices of its recycling passes to a compact sample.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/data/compact_sample.hpp"
#include "trainer/data/crop.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct AssemblyOptions {
  std::int64_t passes = 1;       // recycling passes of the sample
  bool cluster_features = true;  // the passes have cluster_of
  bool extra_rows = true;        // the passes have extra
};

// `features` are those of the whole chain (those that the schema does not name are left out; seq_length is the crop's);
// `pass_rows` has one entry for each of the passes, or one for all of them; `size` is what expansion will fill up to.
// Throws Error where something is larger than that.
CompactSample assemble_sample(const TensorDict& features, const AlignmentView& alignment,
                              const std::vector<PassRows>& pass_rows, const Crop& crop, const PaddedSize& size,
                              const AssemblyOptions& options);

}  // namespace foldperf::trainer

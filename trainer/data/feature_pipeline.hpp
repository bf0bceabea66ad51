// From raw features to a sample for the model (openfold/data/feature_pipeline.py and input_pipeline.py).
#pragma once

#include <cstdint>

#include "trainer/config/data_config.hpp"
#include "trainer/data/compact_sample.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

enum class DataMode { train, eval, predict };
const DataModeConfig& config_of(const DataConfig& config, DataMode mode);

class FeaturePipeline {
 public:
  FeaturePipeline(const DataConfig& config, DataMode mode);

  // What is the same in every recycling pass: types, profile, atoms, frames, angles, templates (zero of them where
  // `raw` has none), and the alignment: msa uint8 in aatype's order and deletion_matrix_int int16. In predict mode, or
  // where `raw` has no coordinates, only what the sequence, the alignment and the templates give.
  [[nodiscard]] TensorDict fixed_transforms(const TensorDict& raw) const;

  // All passes of a sample, as small as it can be: what the workers make. Shares
  // no memory with `fixed`.
  [[nodiscard]] CompactSample compact(const TensorDict& fixed, const SampleKey& sample) const;

  // One recycling pass: sampled, masked, clustered, cropped and padded. Features in the names and shapes of the schema.
  [[nodiscard]] TensorDict recycling_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const;

  // All passes of a sample as features (expand_sample.hpp) on the CPU.
  [[nodiscard]] TensorDict sample(const TensorDict& fixed, const SampleKey& sample) const;

  // Extra recycling passes that this sample trains with: drawn uniformly from 0 to max_recycling_iters where
  // uniform_recycling is set, else max_recycling_iters.
  [[nodiscard]] std::int64_t recycling_iterations(const SampleKey& sample) const;

 private:
  // Rows, masks and clusters of one pass.
  [[nodiscard]] PassRows choose_rows(const TensorDict& fixed, const AlignmentView& alignment,
                                     const ReplacementShares& shares, const SampleKey& sample,
                                     std::uint32_t pass) const;
  [[nodiscard]] CompactSample compact_passes(const TensorDict& features, const SampleKey& sample, std::uint32_t first,
                                             std::uint32_t count) const;
  [[nodiscard]] PaddedSize padded_size() const;

  DataConfig config_;
  DataModeConfig mode_config_;
  DataMode mode_;
};

// Template features of a chain for which no template was found: zero rows.
TensorDict empty_template_features(std::int64_t length, bool with_torsion_angles);

}  // namespace foldperf::trainer

// From raw features to a sample for the model (openfold/data/feature_pipeline.py and input_pipeline.py).
#pragma once

#include <cstdint>

#include "trainer/config/data_config.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

enum class DataMode { train, eval, predict };

class FeaturePipeline {
 public:
  FeaturePipeline(const DataConfig& config, DataMode mode);

  // What is the same in every recycling pass: types, masks, profile, atoms, frames, angles, templates (zero of them where
  // `raw` has none). In predict mode, or where `raw` has no coordinates, only what the sequence, the alignment and the
  // templates give.
  [[nodiscard]] TensorDict fixed_transforms(const TensorDict& raw) const;

  // One recycling pass: sampled, masked, clustered, cropped and padded. Features in the names and shapes of the schema.
  [[nodiscard]] TensorDict recycling_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const;

  // All passes of a sample. Features are [1, ..., passes]; features that no pass changes are expanded views over the
  // last dimension, so do not write into them. In memory a pass comes after the other: select(-1, pass) is contiguous.
  // Adds use_clamped_fape and no_recycling_iters, float32 [1, passes].
  [[nodiscard]] TensorDict sample(const TensorDict& fixed, const SampleKey& sample) const;

  // Extra recycling passes that this sample trains with: drawn uniformly from 0 to max_recycling_iters where
  // uniform_recycling is set, else max_recycling_iters.
  [[nodiscard]] std::int64_t recycling_iterations(const SampleKey& sample) const;

 private:
  // recycling_pass before padding.
  [[nodiscard]] TensorDict cropped_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const;
  [[nodiscard]] PaddedSize padded_size() const;

  DataConfig config_;
  DataModeConfig mode_config_;
  DataMode mode_;
};

// Template features of a chain for which no template was found: zero rows.
TensorDict empty_template_features(std::int64_t length, bool with_torsion_angles);

}  // namespace foldperf::trainer

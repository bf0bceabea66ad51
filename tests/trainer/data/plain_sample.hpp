// A sample made step by step with tensor operators, every feature whole and in OpenFold's types: what compact samples
// must expand to.
#pragma once

#include "trainer/config/data_config.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// `fixed` is what FeaturePipeline::fixed_transforms gives.
trainer::TensorDict plain_sample(const trainer::DataConfig& config, trainer::DataMode mode,
                                 const trainer::TensorDict& fixed, const trainer::SampleKey& key);

}  // namespace foldperf::testing

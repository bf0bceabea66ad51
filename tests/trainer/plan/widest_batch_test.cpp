// The made-up batch is like a real one that is as large as the settings allow.
#include "trainer/plan/widest_batch.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/trainer/loop/small_data.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/memory/meta_memory.hpp"

namespace foldperf::trainer {
namespace {

DataConfig data_of_two_passes() {
  DataConfig config = small_data_config();
  config.train.uniform_recycling = false;
  return config;
}

void expect_like_a_real_one(const DataConfig& config) {
  meta_memory::install();
  LoaderSource source(config);
  const TensorDict real = source.next().features;
  const TensorDict made_up = widest_batch(config, DataMode::train, 2).features;
  EXPECT_EQ(made_up.size(), real.size());
  for (const auto& [name, tensor] : real) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(made_up.contains(name));
    EXPECT_TRUE(made_up.at(name).is_meta());
    EXPECT_EQ(made_up.at(name).sizes(), tensor.sizes());
    EXPECT_EQ(made_up.at(name).strides(), tensor.strides());
    EXPECT_EQ(made_up.at(name).scalar_type(), tensor.scalar_type());
  }
}

TEST(WidestBatch, IsLikeARealOne) { expect_like_a_real_one(data_of_two_passes()); }

TEST(WidestBatch, WithoutTemplatesAndExtraSequences) {
  DataConfig config = data_of_two_passes();
  config.common.use_templates = false;
  config.train.max_extra_msa = 0;
  expect_like_a_real_one(config);
}

TEST(WidestBatch, AnEvaluationTakesAWholeChain) {
  meta_memory::install();
  const TensorDict features = widest_batch(small_data_config(), DataMode::eval, 2, 77).features;
  EXPECT_EQ(features.at("aatype").sizes(), (at::IntArrayRef{1, 77, 2}));
  EXPECT_EQ(features.at("msa_feat").size(2), 77);
}

}  // namespace
}  // namespace foldperf::trainer

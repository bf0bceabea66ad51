// The whole model in sequence-embedding mode: its parameters, and what it computes, are OpenFold's.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/golden_model.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/model/alphafold.hpp"

namespace foldperf::testing {
namespace {

using namespace trainer;

struct Count {
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
};

// Of the model of a preset. Its Evoformer blocks are alike: one is built and counted as often as there are blocks.
Count count_parameters(const std::string& preset) {
  ModelConfig config = trainer_config_from_json(resolve_config({preset, {}, {}})).model;
  const std::int64_t blocks = config.evoformer_stack.no_blocks;
  config.evoformer_stack.no_blocks = 1;
  AlphaFold model(config);
  Count count;
  for (const auto& item : model->named_parameters()) {
    const std::int64_t times = item.key().rfind("evoformer.blocks.0.", 0) == 0 ? blocks : 1;
    count.tensors += times;
    count.parameters += times * item.value().numel();
  }
  return count;
}

TEST(SeqembModel, HasAsManyParametersAsOpenFolds) {
  // Counted in Python: AlphaFold(model_config("seqemb_initial_training", train=True)), and the same for
  // seqemb_finetuning.
  for (const char* preset : {"seqemb_initial_training", "seqemb_finetuning"}) {
    SCOPED_TRACE(preset);
    const Count count = count_parameters(preset);
    EXPECT_EQ(count.tensors, 4238);
    EXPECT_EQ(count.parameters, 75281562);
  }
}

class SeqembModelGolden : public ::testing::Test {
 protected:
  SeqembModelGolden() {
    const auto path = golden_file_or_default("seqemb/AlphaFold.pt");
    file_ = load_tensors(path);
    nlohmann::json config = manifest_entry(path).at("config");
    config["seqemb_mode_enabled"] = true;  // OpenFold: in globals, which the manifest leaves out
    model_ = golden_model(config, with_prefix(file_, "weight."), torch::kFloat32);
    model_->eval();
  }
  TensorDict run() { return model_(with_prefix(file_, "batch.")); }

  TensorDict file_;
  AlphaFold model_{nullptr};
};

TEST_F(SeqembModelGolden, OutputsAreOpenFolds) {
  const TensorDict outputs = run();
  const TensorDict expected = with_prefix(file_, "out.");
  EXPECT_FALSE(expected.empty());
  for (const auto& [name, tensor] : expected) {
    expect_close(name, outputs.contains(name) ? outputs.at(name) : at::Tensor(), tensor, 1e-4);
  }
}

TEST_F(SeqembModelGolden, GradientsOfTheEmbedderAreOpenFolds) {
  const TensorDict outputs = run();
  (outputs.at("pair").square().mean() + outputs.at("sm.positions").mean() +
   outputs.at("masked_msa_logits").square().mean())
      .backward();
  const TensorDict expected = with_prefix(file_, "grad.weight.");
  EXPECT_EQ(expected.size(), 10U);
  const auto parameters = model_->named_parameters();
  for (const auto& [name, gradient] : expected) {
    const at::Tensor* parameter = parameters.find(name);
    ASSERT_NE(parameter, nullptr) << name;
    expect_gradient_close(name, parameter->grad(), gradient, 1e-3, largest_magnitude(expected));
  }
}

TEST_F(SeqembModelGolden, ABatchWithoutEmbeddingIsRefused) {
  TensorDict batch = with_prefix(file_, "batch.");
  batch.erase("seq_embedding");
  try {
    (void)model_(batch);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("seq_embedding"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace foldperf::testing

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/output_file.hpp"
#include "trainer/checkpoint/tensor_file.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

using ::foldperf::testing::message_of;

class Files : public ::testing::Test {
 protected:
  std::string path(const char* name) const { return (folder / name).string(); }
  ::foldperf::testing::TemporaryFolder folder;
};

TensorDict sample() {
  return {{"a.weight", torch::randn({3, 4})},
          {"a.bias", torch::zeros({0})},
          {"scalar", torch::tensor(2.5)},
          {"view", torch::arange(12).reshape({3, 4}).t()}};
}

TEST_F(Files, WeightsComeBackAsTheyWere) {
  const TensorDict weights = sample();
  save_tensors(path("w.pt"), weights);
  const TensorDict read = load_tensors(path("w.pt"));
  ASSERT_EQ(read.size(), weights.size());
  for (const auto& [name, tensor] : weights) EXPECT_TRUE(torch::equal(read.at(name), tensor)) << name;
  EXPECT_FALSE(fs::exists(path("w.pt.partial")));
}

TEST_F(Files, AFailedWriteLeavesTheOldFile) {
  save_tensors(path("w.pt"), {{"x", torch::ones({1})}});
  fs::create_symlink("/dev/full", path("w.pt.partial"));
  EXPECT_THAT(message_of<SystemError>([&] { save_tensors(path("w.pt"), sample()); }),
              AllOf(HasSubstr("w.pt.partial"), HasSubstr("No space left on device")));
  EXPECT_EQ(load_tensors(path("w.pt")).size(), 1u);
}

TEST_F(Files, AFolderThatCannotBeWrittenIsNamed) {
  EXPECT_THAT(message_of<SystemError>([&] { OutputFile file(path("none") + "/x"); }), HasSubstr("/none/x"));
}

TEST_F(Files, DamageIsNoticedWhereverItIs) {
  save_tensors(path("good.pt"), sample());
  const std::string good = ::foldperf::testing::read_file(path("good.pt"));
  EXPECT_THAT(message_of<InputError>([&] { load_tensors(path("none.pt")); }), HasSubstr("none.pt: cannot be opened"));
  const auto refusal = [&](const std::string& bytes) {
    ::foldperf::testing::write_file(path("bad.pt"), bytes);
    return message_of<InputError>([&] { load_tensors(path("bad.pt")); });
  };
  EXPECT_THAT(refusal("not weights"), HasSubstr("bad.pt: is no file that torch.save wrote"));
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  for (std::size_t size : {good.size() / 2, good.size() - 1, std::size_t{100}}) {
    EXPECT_THAT(refusal(good.substr(0, size)), HasSubstr("bad.pt: is cut off")) << size;
  }
  // One bit of a tensor.
  const at::Tensor weight = load_tensors(path("good.pt")).at("a.weight");
  std::string flipped = good;
  const std::size_t place = good.find(std::string(static_cast<const char*>(weight.const_data_ptr()), 48));
  ASSERT_NE(place, good.npos);
  flipped[place + 17] ^= 4;
  EXPECT_THAT(refusal(flipped), HasSubstr("bad.pt: is damaged: the checksum of record data/"));
}

TEST_F(Files, WeightsMustFitTheModel) {
  torch::nn::Linear model(4, 3);
  const auto original = weights_of(*model);
  const at::Tensor weight = torch::ones({3, 4}), bias = torch::ones({3});
  const auto refusal = [&](const TensorDict& weights) {
    return message_of<InputError>([&] { assign_weights(*model, weights, "w.pt"); });
  };
  EXPECT_THAT(refusal({{"weight", weight}}),
              AllOf(HasSubstr("w.pt: its 1 weights do not fit"), HasSubstr("1 missing: 'bias'")));
  EXPECT_THAT(refusal({{"weight", weight}, {"bias", torch::ones({4})}}),
              HasSubstr("1 of another shape: 'bias' has [4], the model's is [3]"));
  EXPECT_THAT(refusal({{"wieght", weight}, {"bias", bias}}),
              AllOf(HasSubstr("1 missing: 'weight' (the file has 'wieght')"),
                    HasSubstr("1 unknown: 'wieght' (the model has 'weight')")));
  EXPECT_THAT(refusal({{"weight", weight}, {"bias", bias}, {"a", bias}, {"b", bias}, {"c", bias}, {"d", bias}}),
              HasSubstr("4 unknown: 'a', 'b', 'c', ..."));
  EXPECT_TRUE(torch::equal(model->weight, original.at("weight")));
  assign_weights(*model, {{"weight", weight}, {"bias", bias}}, "w.pt");
  EXPECT_TRUE(torch::equal(model->bias, bias));
}

TEST_F(Files, OldNamesGoWhereTheyWent) {
  const at::Tensor one = torch::ones({1});
  const TensorDict expected = {{"template_embedder.template_single_embedder.linear_1.weight", one},
                               {"evoformer.blocks.0.pair_stack.tri_mul_out.linear_z.bias", one},
                               {"structure_module.ipa.linear_q_points.linear.weight", one}};
  const TensorDict old = {{"template_angle_embedder.linear_1.weight", one},
                          {"evoformer.blocks.0.core.tri_mul_out.linear_z.bias", one},
                          {"structure_module.ipa.linear_q_points.weight", one}};
  EXPECT_EQ(fitted_weights(old, expected, "w.pt").size(), 3u);
  EXPECT_EQ(fitted_weights(expected, expected, "w.pt").size(), 3u);
  TensorDict both = old;
  both["structure_module.ipa.linear_q_points.linear.weight"] = one;
  EXPECT_THAT(message_of<InputError>([&] { fitted_weights(both, expected, "w.pt"); }), HasSubstr("two weights for"));
}

}  // namespace
}  // namespace foldperf::trainer

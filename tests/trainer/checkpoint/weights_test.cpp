#include <gmock/gmock.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/output_file.hpp"
#include "trainer/checkpoint/tensor_file.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder = fs::temp_directory_path() / (std::string("foldperf_files_") + info->name() + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const char* name) const { return (folder / name).string(); }

  template <typename Error, typename Function>
  static std::string message(Function&& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path folder;
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

TEST_F(Files, PythonReadsWeightsWithWeightsOnly) {
  const fs::path python = ::foldperf::testing::project_dir() / ".venv" / "bin" / "python";
  if (!fs::exists(python)) GTEST_SKIP() << "no Python environment at " << python;
  save_tensors(path("w.pt"), {{"x", torch::arange(6, torch::kFloat).reshape({2, 3})}});
  const std::string command = python.string() + " -c \"import torch; d = torch.load('" + path("w.pt") +
                              "', weights_only=True); assert type(d) is dict, type(d); "
                              "assert d['x'].tolist() == [[0, 1, 2], [3, 4, 5]], d\"";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(Files, AStateDictOfPythonIsRead) {
  const fs::path python = ::foldperf::testing::project_dir() / ".venv" / "bin" / "python";
  if (!fs::exists(python)) GTEST_SKIP() << "no Python environment at " << python;
  // More than a thousand items: Python's pickler writes them in batches of as many.
  const std::string script =
      "import torch; m = torch.nn.ModuleDict({'a': torch.nn.Linear(3, 2), 'b': torch.nn.LayerNorm(3), "
      "'c': torch.nn.ParameterList([torch.nn.Parameter(torch.full((1,), float(i))) for i in range(1500)])}); "
      "torch.save(m.state_dict(), '" +
      path("state.pt") + "'); torch.save(torch.nn.Linear(1, 1, bias=False).state_dict(), '" + path("one.pt") +
      "'); torch.save({'model': m.state_dict()}, '" + path("nested.pt") + "')";
  ASSERT_EQ(std::system((python.string() + " -c \"" + script + "\"").c_str()), 0);
  const TensorDict read = load_tensors(path("state.pt"));
  EXPECT_EQ(read.size(), 1504u);
  EXPECT_EQ(read.at("a.weight").sizes(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_TRUE(torch::equal(read.at("b.weight"), torch::ones({3})));
  EXPECT_EQ(read.at("c.1499").item<float>(), 1499);
  EXPECT_EQ(load_tensors(path("one.pt")).size(), 1u);
  EXPECT_THAT(message<InputError>([&] { load_tensors(path("nested.pt")); }), HasSubstr("nested.pt"));
}

TEST_F(Files, AFailedWriteLeavesTheOldFile) {
  save_tensors(path("w.pt"), {{"x", torch::ones({1})}});
  fs::create_symlink("/dev/full", path("w.pt.partial"));
  EXPECT_THAT(message<SystemError>([&] { save_tensors(path("w.pt"), sample()); }),
              AllOf(HasSubstr("w.pt.partial"), HasSubstr("No space left on device")));
  EXPECT_EQ(load_tensors(path("w.pt")).size(), 1u);
}

TEST_F(Files, AFolderThatCannotBeWrittenIsNamed) {
  EXPECT_THAT(message<SystemError>([&] { OutputFile file(path("none") + "/x"); }), HasSubstr("/none/x"));
}

TEST_F(Files, DamagedWeightsAreNamed) {
  EXPECT_THAT(message<InputError>([&] { load_tensors(path("none.pt")); }), HasSubstr("none.pt"));
  std::ofstream(path("bad.pt")) << "not weights";
  EXPECT_THAT(message<InputError>([&] { load_tensors(path("bad.pt")); }), HasSubstr("bad.pt"));
  save_tensors(path("good.pt"), sample());
  fs::resize_file(path("good.pt"), fs::file_size(path("good.pt")) / 2);
  EXPECT_THAT(message<InputError>([&] { load_tensors(path("good.pt")); }), HasSubstr("good.pt"));
}

TEST_F(Files, WeightsMustFitTheModel) {
  torch::nn::Linear model(4, 3);
  const auto original = weights_of(*model);
  const auto assign = [&](const TensorDict& weights) {
    return message<InputError>([&] { assign_weights(*model, weights, "w.pt"); });
  };
  EXPECT_THAT(assign({{"weight", torch::ones({3, 4})}}), AllOf(HasSubstr("w.pt"), HasSubstr("'bias'")));
  EXPECT_THAT(assign({{"weight", torch::ones({3, 4})}, {"bias", torch::ones({4})}}), HasSubstr("'bias'"));
  EXPECT_THAT(assign({{"weight", torch::ones({3, 4})}, {"bias", torch::ones({3})}, {"other", torch::ones({1})}}),
              HasSubstr("'other'"));
  EXPECT_TRUE(torch::equal(model->weight, original.at("weight")));
  EXPECT_EQ(assign({{"weight", torch::ones({3, 4})}, {"bias", torch::ones({3})}}), "no error");
  EXPECT_TRUE(torch::equal(model->bias, torch::ones({3})));
}

}  // namespace
}  // namespace foldperf::trainer

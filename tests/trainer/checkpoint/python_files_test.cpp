// Weights between Python and this program, both ways.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/golden.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/checkpoint/weights_file.hpp"
#include "trainer/config/presets.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/model/alphafold.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

// What OpenFold, Lightning and DeepSpeed write, of a model with the parameters "weight" [2, 3] of ones and "bias" [2]
// of halves.
constexpr const char* write_files = R"(
import argparse, collections, os, sys, torch
out = sys.argv[1] + '/'
model = torch.nn.Linear(3, 2)
with torch.no_grad():
    model.weight.fill_(1); model.bias.fill_(0.5)
state = model.state_dict()
times = lambda factor: collections.OrderedDict((k, v * factor) for k, v in state.items())
under = lambda prefix, d: {prefix + k: v for k, v in d.items()}
class AttributeDict(dict): pass
class Schedule:
    def __init__(self): self.step, self.of = 3, [self]
class Evil:
    def __reduce__(self): return (os.system, ('touch ' + out + 'executed',))
other = {'epoch': 1, 'hyper_parameters': AttributeDict(lr=1e-3, names=['a', None], args=argparse.Namespace(x=1)),
         'callbacks': {'ModelCheckpoint': {'best': torch.tensor(0.5), 'path': 'x'}}, 'version': '2.1', 'big': 2**80,
         'flags': (True, {1, 2}), 'schedule': Schedule(), 'dtype': torch.float16, 'evil': Evil(),
         'optimizer_states': [{'state': {0: {'exp_avg': torch.ones(2), 'step': 4}}, 'param_groups': [{'lr': 1e-3}]}]}
torch.save(state, out + 'plain.pt')
torch.save(state, out + 'protocol_5.pt', pickle_protocol=5)
torch.save(collections.OrderedDict((k, torch.nn.Parameter(v)) for k, v in state.items()), out + 'parameters.pt')
torch.save({'ema': {'params': times(2), 'decay': 0.999}, 'state_dict': under('model.', state), **other}, out + 'ema.pt')
torch.save({**other, 'state_dict': under('model.', state)}, out + 'lightning.pt')
torch.save({**other, 'module': {'_forward_module.model.' + k: v.half() for k, v in state.items()}}, out + 'deepspeed.pt')
torch.save(under('module.', {k: v.bfloat16() for k, v in state.items()}), out + 'bf16.pt')
torch.save({'epoch': 3, 'model': state}, out + 'model.pt')
torch.save(state, out + 'old.pt', _use_new_zipfile_serialization=False)
torch.save({'epoch': 3, 'lr': 1.0}, out + 'none.pt')
torch.save([state], out + 'list.pt')
torch.save({**state, 'model.bias': state['bias']}, out + 'twice.pt')
torch.jit.save(torch.jit.script(model), out + 'script.pt')
torch.save(torch.nn.ModuleDict({'c': torch.nn.ParameterList([torch.nn.Parameter(torch.full((1,), float(i)))
                                                            for i in range(1500)])}).state_dict(), out + 'many.pt')
os.makedirs(out + 'zero/step7'); os.makedirs(out + 'zero3/step7')
for name in 'zero', 'zero3': open(out + name + '/latest', 'w').write('step7\n')
torch.save({**other, 'module': under('model.', {k: v.half() for k, v in state.items()}),
            'ema': {'params': times(4), 'decay': 0.9}}, out + 'zero/step7/mp_rank_00_model_states.pt')
torch.save({'optimizer_state_dict': {}}, out + 'zero/step7/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt')
torch.save({'module': {}}, out + 'zero3/step7/zero_pp_rank_0_mp_rank_00_model_states.pt')
)";

// Arguments: a checkpoint, a file of weights, the list of names and shapes.
constexpr const char* compare_names = R"(
import sys, torch
expected = {}
for line in open(sys.argv[3]):
    name, shape = line.rstrip('\n').split('\t')
    expected[name] = tuple(int(n) for n in shape.split(',') if n)
def same(what, tensors, prefix=''):
    found = {name[len(prefix):]: tuple(t.shape) for name, t in tensors.items() if name.startswith(prefix)}
    assert len(found) == len(tensors) and found == expected, what
checkpoint = torch.load(sys.argv[1], weights_only=True)
same('ema', checkpoint['ema']['params'])
same('state_dict', checkpoint['state_dict'], 'model.')
same('exp_avg', checkpoint['optimizer']['exp_avg'])
assert checkpoint['global_step'] == 12 and checkpoint['ema']['decay'] == 0.999
assert checkpoint['data']['ahead'].tolist() == [40, 50], checkpoint['data']
assert checkpoint['configuration'] == '[train]\nsteps = 12\n'
assert type(checkpoint) is dict and checkpoint['counters']['nonfinite_terms'] == {'fape': 2}
weights = torch.load(sys.argv[2], weights_only=True)
same('weights', weights)
# Each tensor is alone in its storage: what is saved again of it is not larger.
assert all(t.untyped_storage().nbytes() == t.nbytes for t in weights.values())
)";

std::optional<fs::path> python() {
  const fs::path path = ::foldperf::testing::project_dir() / ".venv" / "bin" / "python";
  return fs::exists(path) ? std::optional(path) : std::nullopt;
}

int run_python(const TemporaryFolder& folder, const char* script, const std::string& arguments) {
  const fs::path file = folder.write("script.py", script);
  return std::system((python()->string() + " " + file.string() + " " + arguments).c_str());
}

class FilesOfPython : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!python()) return;
    folder_ = new TemporaryFolder;
    ASSERT_EQ(run_python(*folder_, write_files, folder_->path().string()), 0);
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override {
    if (!folder_) GTEST_SKIP() << "no Python environment (.venv)";
  }
  static std::string path(const std::string& name) { return (*folder_ / name).string(); }

  // That the file's weights are the model's, times a factor.
  static void expect_read(const std::string& name, double factor = 1, const std::string& section = "") {
    SCOPED_TRACE(name);
    const LoadedWeights weights = load_weights(path(name));
    EXPECT_EQ(weights.section, section);
    torch::nn::Linear model(3, 2);
    assign_weights(*model, weights.tensors, name);
    EXPECT_TRUE(torch::equal(model->weight.detach(), torch::full({2, 3}, factor)));
    EXPECT_TRUE(torch::equal(model->bias.detach(), torch::full({2}, 0.5 * factor)));
    for (const auto& [key, tensor] : weights.tensors) EXPECT_EQ(tensor.scalar_type(), torch::kFloat) << key;
  }

 private:
  inline static TemporaryFolder* folder_ = nullptr;
};

TEST_F(FilesOfPython, StateDictsAreRead) {
  expect_read("plain.pt");
  expect_read("protocol_5.pt");
  expect_read("parameters.pt");
  expect_read("bf16.pt");
  const TensorDict many = load_tensors(path("many.pt"));  // Python pickles a thousand entries at a time
  EXPECT_EQ(many.size(), 1500u);
  EXPECT_EQ(many.at("c.1499").item<float>(), 1499);
  EXPECT_EQ(load_tensors(path("plain.pt")).size(), 2u);
}

TEST_F(FilesOfPython, CheckpointsAreRead) {
  expect_read("ema.pt", 2, "ema.params");
  expect_read("lightning.pt", 1, "state_dict");
  expect_read("deepspeed.pt", 1, "module");
  expect_read("model.pt", 1, "model");
  EXPECT_FALSE(fs::exists(path("executed"))) << "something in the file was run";
}

TEST_F(FilesOfPython, DeepSpeedFoldersAreRead) {
  expect_read("zero", 4, "ema.params");
  expect_read("zero/step7", 4, "ema.params");
  EXPECT_THAT(input_error([] { load_weights(path("zero3")); }), AllOf(HasSubstr("stage 3"), HasSubstr("zero_to_fp32")));
}

TEST_F(FilesOfPython, WhatHasNoWeightsIsRefused) {
  EXPECT_THAT(input_error([] { load_weights(path("old.pt")); }),
              AllOf(HasSubstr("old.pt: is in the format"), HasSubstr("before PyTorch 1.6")));
  EXPECT_THAT(input_error([] { load_weights(path("none.pt")); }),
              HasSubstr("holds no weights; it holds 'epoch' (a whole number), 'lr' (a number)"));
  EXPECT_THAT(input_error([] { load_weights(path("list.pt")); }), HasSubstr("but a list"));
  EXPECT_THAT(input_error([] { load_weights(path("script.pt")); }), HasSubstr("TorchScript"));
  EXPECT_THAT(input_error([] { load_weights(path("twice.pt")); }), HasSubstr("two weights for 'bias'"));
  EXPECT_THAT(input_error([] { load_weights(path("missing.pt")); }), HasSubstr("missing.pt: cannot be opened"));
  EXPECT_THAT(input_error([] { load_tensors(path("ema.pt")); }), HasSubstr("a dictionary named 'ema'"));
}

TEST(FilesForPython, CheckpointsAndWeightsHaveOpenFoldsNames) {
  if (!python()) GTEST_SKIP() << "no Python environment (.venv)";
  const fs::path list = ::foldperf::testing::golden_file_or_default("initial_training_parameters.tsv");
  RunState state;
  {
    const AlphaFold model{ModelConfig{}};
    // One byte an element: names and shapes are what counts here.
    for (const auto& parameter : model->named_parameters()) {
      state.tensors.model[parameter.key()] = torch::zeros(parameter.value().sizes(), torch::kChar);
    }
  }
  state.tensors.average = state.tensors.model;
  for (const auto& [name, tensor] : state.tensors.model) state.tensors.optimizer["exp_avg." + name] = tensor;
  state.counters.steps = 12;
  state.counters.nonfinite_terms["fape"] = 2;
  state.data = {30, {40, 50}};
  state.ema_decay = 0.999;
  state.configuration = "[train]\nsteps = 12\n";
  const TemporaryFolder folder;
  write_checkpoint((folder / "c.pt").string(), state);
  save_tensors((folder / "w.pt").string(), state.tensors.model);
  EXPECT_EQ(run_python(folder, compare_names,
                       (folder / "c.pt").string() + " " + (folder / "w.pt").string() + " " + list.string()),
            0);
}

}  // namespace
}  // namespace foldperf::trainer

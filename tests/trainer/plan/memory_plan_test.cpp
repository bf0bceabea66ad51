// Plans of memory: against what the CPU really allocates, and what follows from them.
#include "trainer/plan/memory_plan.hpp"

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cstdlib>

#include "tests/support/errors.hpp"
#include "tests/support/tensor_memory.hpp"
#include "tests/trainer/instrument/recording_sink.hpp"
#include "tests/trainer/loop/small_data.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/model/kept_blocks.hpp"
#include "trainer/plan/activation_budget.hpp"
#include "trainer/plan/fitting_settings.hpp"
#include "trainer/plan/out_of_memory.hpp"
#include "trainer/plan/plan_report.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t mib = 1024 * 1024;

// Every part of the model.
TrainerConfig small_config(const std::vector<std::string>& more = {}) {
  std::vector<std::string> assignments = {"globals.c_m=32",
                                          "globals.c_z=32",
                                          "globals.c_s=32",
                                          "globals.c_t=16",
                                          "globals.c_e=16",
                                          "model.evoformer_stack.no_blocks=4",
                                          "model.extra_msa.extra_msa_stack.no_blocks=2",
                                          "model.structure_module.no_blocks=2",
                                          "data.train.crop_size=64",
                                          "data.train.max_msa_clusters=16",
                                          "data.train.max_extra_msa=32",
                                          "data.train.uniform_recycling=false",
                                          "data.common.max_recycling_iters=1",
                                          "data.loader.order=\"strict\"",
                                          "data.source.train_chains=[\"1as5_A\"]",
                                          "data.source.train_data_dir=\"" + testing::samples_dir().string() + "\"",
                                          "train.precision=float32",
                                          "train.device=cpu"};
  assignments.insert(assignments.end(), more.begin(), more.end());
  return planned_config(trainer_config_from_json(resolve_config({"initial_training", {}, assignments})));
}

TEST(MemoryPlan, IsWhatAStepOnTheCpuAllocates) {
  for (const char* checkpointing : {"model.blocks_per_checkpoint=0", "model.blocks_per_checkpoint=1"}) {
    SCOPED_TRACE(checkpointing);
    const TrainerConfig config = small_config({checkpointing});
    const StepMemory plan = step_memory(config);
    LoaderSource source(config.data);
    const TrainingBatch batch = source.next();
    Trainer trainer(config, at::kCPU);
    trainer.step(0, batch);
    const testing::TensorMemory cpu;
    trainer.step(1, batch);
    // Relative to the rest: the CPU has other scratch memory in some operators, and no blocks of 512 bytes.
    const std::int64_t at_rest = plan.parameters + plan.optimizer + plan.average + plan.batch + plan.added_up;
    const double planned = static_cast<double>(plan.peak.allocated - at_rest);
    EXPECT_NEAR(static_cast<double>(cpu.peak_bytes()), planned, 0.15 * planned);
  }
}

TEST(MemoryPlan, PartsAndPhasesOfAStep) {
  const StepMemory all = step_memory(small_config({"model.blocks_per_checkpoint=0"}));
  const StepMemory recomputed = step_memory(small_config());
  EXPECT_EQ(all.parameters, recomputed.parameters);
  EXPECT_EQ(all.average, all.parameters) << "float32";
  EXPECT_EQ(all.gradients, all.parameters);
  EXPECT_EQ(all.added_up, all.parameters);
  const StepMemory half = step_memory(small_config({"train.precision=bf16"}));
  EXPECT_LT(half.gradients, all.gradients);
  // All that is at rest is there when the averages are updated, and little else.
  for (const StepMemory& step : {all, half}) {
    const auto at_rest =
        static_cast<double>(step.parameters + step.optimizer + step.average + step.added_up + step.batch);
    EXPECT_NEAR(static_cast<double>(step.phases.back().second), at_rest, 0.02 * at_rest);
  }
  EXPECT_GE(all.optimizer, 2 * all.parameters);
  EXPECT_GT(all.activations, 2 * recomputed.activations);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : all.phases) {
    names.push_back(name);
    EXPECT_LE(bytes, all.peak.allocated);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"forward", "loss", "backward", "clip", "optimizer", "ema"}));
  EXPECT_EQ(all.passes, 2);
  EXPECT_LT(step_memory(small_config(), 1).batch, recomputed.batch);
}

TEST(MemoryPlan, RunningOneLeavesTheCountAsItWas) {
  const StepMemory first = step_memory(small_config());
  const std::int64_t before = meta_memory::live().allocated;
  const StepMemory second = step_memory(small_config());
  EXPECT_EQ(meta_memory::live().allocated, before);
  EXPECT_EQ(second.peak.allocated, first.peak.allocated);
  EXPECT_EQ(second.peak.reserved, first.peak.reserved);
  // Whatever ran before: a plan that is the first of its process is like all others.
  (void)evaluation_memory(small_config(), 64);
  EXPECT_EQ(meta_memory::live().allocated, 0);
}

// What a Trainer sets for the whole process, when an object of it is made and when it goes.
class MemoryPlanInAProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("CUBLAS_WORKSPACE_CONFIG");
    context_.setAllowTF32CuBLAS(true);
    context_.setAllowBF16ReductionCuBLAS(true);
    context_.setDeterministicFillUninitializedMemory(true);
    torch::manual_seed(17);
    next_ = torch::rand({8});
    torch::manual_seed(17);
  }
  void TearDown() override {
    EXPECT_TRUE(torch::equal(torch::rand({8}), next_)) << "random numbers";
    EXPECT_EQ(&range_sink(), &sink_);
    EXPECT_TRUE(instrumentation_enabled());
    EXPECT_TRUE(sink_.balanced());
    EXPECT_TRUE(context_.allowTF32CuBLAS());
    EXPECT_EQ(context_.allowBF16ReductionCuBLAS(), at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK);
    EXPECT_FALSE(context_.deterministicAlgorithms());
    EXPECT_TRUE(context_.deterministicFillUninitializedMemory());
    EXPECT_EQ(std::getenv("CUBLAS_WORKSPACE_CONFIG"), nullptr);
    EXPECT_EQ(meta_memory::live().allocated, 0);
    EXPECT_TRUE(at::GradMode::is_enabled());
    context_.setAllowTF32CuBLAS(false);
    context_.setAllowBF16ReductionCuBLAS(false);
  }
  const TrainerConfig config_ = small_config({"train.deterministic=true"});

 private:
  at::Context& context_ = at::globalContext();
  RecordingSink sink_;
  at::Tensor next_;
};

TEST_F(MemoryPlanInAProcess, ChangesNothingOfIt) {
  EXPECT_GT(step_memory(config_).needed(), 0);
  EXPECT_GT(evaluation_memory(config_, 64), 0);
}

TEST_F(MemoryPlanInAProcess, ChangesNothingOfItWhereItFails) {
  meta_memory::install();
  meta_memory::release_unused();
  meta_memory::set_limit(150 * mib);  // the forward pass gets under way
  EXPECT_THROW((void)step_memory(config_), c10::OutOfMemoryError);
  meta_memory::set_limit(0);
}

TEST(MemoryPlan, FirstStepsOfAShapeRunBesideTheGraphsOfOthers) {
  TrainerConfig config = small_config();
  const StepMemory without = step_memory(config);
  EXPECT_EQ(without.graph_pool + without.beside_graphs, 0);
  config.train.cuda_graphs = true;
  const StepMemory always_two_passes = step_memory(config);
  EXPECT_GT(always_two_passes.graph_pool, 0);
  EXPECT_EQ(always_two_passes.beside_graphs, 0);
  EXPECT_GT(always_two_passes.batch, without.batch) << "the place that graphs read from";
  config.data.train.uniform_recycling = true;
  EXPECT_EQ(step_memory(config).beside_graphs, 0) << "another number of passes is captured at once";
  config.data.train.fixed_size = false;
  EXPECT_EQ(step_memory(config).beside_graphs, step_memory(config).graph_pool);
}

TEST(MemoryPlan, LongerChainsNeedMoreInEvaluation) {
  EXPECT_GT(evaluation_memory(small_config(), 256), 1.5 * static_cast<double>(evaluation_memory(small_config(), 64)));
}

TEST(ActivationBudget, KeepsAsMuchAsItAllows) {
  const TrainerConfig config = small_config();
  const auto needed = [&](std::int64_t kept) {
    TrainerConfig changed = config;
    changed.model.blocks_kept = kept;
    return step_memory(changed).needed();
  };
  const std::int64_t blocks = stack_blocks(config.model);
  EXPECT_EQ(blocks, 4 + 2 + 2);
  const ActivationPlan least = plan_activations(config, needed(0));
  EXPECT_LE(needed(least.blocks_kept), needed(0)) << "blocks that are kept for nothing";
  EXPECT_GT(needed(least.blocks_kept + 1), needed(0));
  EXPECT_EQ(plan_activations(config, needed(blocks)).blocks_kept, blocks);
  const ActivationPlan some = plan_activations(config, (needed(0) + needed(blocks)) / 2);
  EXPECT_GT(some.blocks_kept, 0);
  EXPECT_LT(some.blocks_kept, blocks);
  EXPECT_LE(some.needed, some.budget);
  EXPECT_EQ(some.needed, needed(some.blocks_kept));
  EXPECT_GT(needed(some.blocks_kept + 1), some.budget);

  ModelConfig model = config.model;
  apply_plan(some, model);
  EXPECT_THAT(plan_text(some, model), HasSubstr(std::to_string(some.blocks_kept) + " of 8 blocks keep"));
}

TEST(ActivationBudget, OneThatIsTooSmallNamesWhatWouldFit) {
  const TrainerConfig config = small_config();
  TrainerConfig cut = config;
  cut.data.train.crop_size = 32;
  const std::int64_t budget = step_memory(cut).needed();
  const std::string message = testing::message_of<UsageError>([&] { plan_activations(config, budget); });
  EXPECT_THAT(message, AllOf(HasSubstr("'train.memory'"), HasSubstr("--set data.train.crop_size=32 ")));
  TrainerConfig automatic = config;
  automatic.train.memory = "auto";
  EXPECT_THAT(testing::message_of<UsageError>([&] { plan_activations(automatic, budget); }),
              HasSubstr("'train.memory' is auto, for which this device has " + gib_text(budget)));
  EXPECT_THAT(testing::message_of<UsageError>([&] { plan_activations(config, mib); }),
              HasSubstr("no crop, batch or number of extra sequences"));
}

TEST(ActivationBudget, AutoIsWhatIsFreeButForAMargin) {
  TrainConfig train;
  EXPECT_FALSE(memory_budget(train, DeviceCapacity{70, 80}));
  train.memory = "12.5";
  EXPECT_EQ(memory_budget(train, std::nullopt), to_bytes(12.5));
  EXPECT_EQ(memory_budget(train, DeviceCapacity{1, 12.5}), to_bytes(12.5)) << "what is free now is not asked";
  EXPECT_THAT(testing::message_of<UsageError>([&] {
                memory_budget(train, DeviceCapacity{12, 12});
              }),
              AllOf(HasSubstr("'train.memory' is 12.50 GiB"), HasSubstr("12.00 GiB")));
  train.memory = "auto";
  EXPECT_FALSE(memory_budget(train, std::nullopt)) << "the CPU does not tell";
  const auto budget = memory_budget(train, DeviceCapacity{70, 80});
  ASSERT_TRUE(budget);
  EXPECT_LT(*budget, to_bytes(70));
  EXPECT_GT(*budget, to_bytes(65));
}

TEST(FittingSettings, FitAndAreTheLeastChange) {
  const TrainerConfig config = small_config({"model.blocks_per_checkpoint=0"});
  const std::int64_t room = step_memory(config).needed() - 20 * mib;
  const std::vector<FittingSetting> settings = settings_that_fit(config, room);
  ASSERT_FALSE(settings.empty());
  EXPECT_THAT(settings.front().setting, HasSubstr("model.blocks_per_checkpoint=1"));
  for (const FittingSetting& setting : settings) EXPECT_LE(setting.needed, room);
}

TEST(OutOfMemory, TellsPhaseRequestPlanAndSettings) {
  const c10::OutOfMemoryError error(
      {__func__, __FILE__, __LINE__},
      "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1.20 GiB is "
      "free. Including non-PyTorch memory, this process has 77.00 GiB memory in use. Of the allocated memory 70.00 GiB "
      "is "
      "allocated by PyTorch, and 6.50 GiB is reserved by PyTorch but unallocated. If reserved but unallocated memory "
      "is "
      "large try setting PYTORCH_ALLOC_CONF=... See documentation for ...");
  set_last_memory_phase("backward");
  const TrainerConfig config = small_config();
  TrainerConfig cut = config;
  cut.data.train.crop_size = 32;
  const double total = to_gib(step_memory(cut).needed());
  const SystemError told = explain_out_of_memory(error, config, DeviceCapacity{0.1, total});
  EXPECT_EQ(told.code(), ExitCode::system);
  EXPECT_THAT(told.what(), AllOf(HasSubstr("in phase backward"), HasSubstr("Tried to allocate 2.00 GiB"),
                                 HasSubstr("6.50 GiB is reserved by PyTorch but unallocated; "), HasSubstr("by plan"),
                                 HasSubstr("--set data.train.crop_size=32"), Not(HasSubstr("try setting"))));
  EXPECT_THAT(explain_out_of_memory(error, config, DeviceCapacity{0.25, 80}).what(),
              AllOf(HasSubstr("0.25 GiB of which are free"), HasSubstr("may hold"), HasSubstr("CUDA graphs")));
}

TEST(PlanReport, SaysWhatIsNeededAndWhatWouldFit) {
  const TrainerConfig config = small_config();
  const std::string plain = plan_report(config, {});
  EXPECT_THAT(plain, AllOf(HasSubstr("parameters"), HasSubstr("backward"), HasSubstr("2 passes"),
                           HasSubstr("512 residues"), HasSubstr("--memory GIB says")));
  EXPECT_THAT(plan_report(config, {.memory_gib = 40, .device = std::nullopt}),
              AllOf(HasSubstr("Fits in a device of 40.00 GiB"), HasSubstr("8 of 8 blocks would keep")));
  // What is proposed can be taken: whole GiB of what is free, none where that is less than one or than is needed.
  EXPECT_THAT(plan_report(config, {.memory_gib = std::nullopt, .device = DeviceCapacity{30.5, 80}}),
              AllOf(HasSubstr("Fits in the device here of 80.00 GiB"), HasSubstr("train.memory=30 ")));
  EXPECT_THAT(plan_report(config, {.memory_gib = std::nullopt, .device = DeviceCapacity{0.5, 80}}),
              AllOf(HasSubstr("Fits in"), Not(HasSubstr("train.memory="))));
  TrainerConfig cut = config;
  cut.data.train.crop_size = 32;
  EXPECT_THAT(plan_report(config, {.memory_gib = to_gib(step_memory(cut).needed()), .device = std::nullopt}),
              AllOf(HasSubstr("Does not fit"), HasSubstr("crop_size=32")));
}

}  // namespace
}  // namespace foldperf::trainer

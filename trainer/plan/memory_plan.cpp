#include "trainer/plan/memory_plan.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "trainer/instrument/ranges.hpp"
#include "trainer/loop/static_batch.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/model/inference_slices.hpp"
#include "trainer/plan/process_state.hpp"
#include "trainer/plan/widest_batch.hpp"

namespace foldperf::trainer {

namespace {

// Listens to the trainer's phases on this thread: the most bytes in tensors in each. Ranges of other threads go on to
// the sink that was there before, and to which they belong.
class PhaseSink : public RangeSink {
 public:
  PhaseSink() : before_(range_sink()), was_enabled_(instrumentation_enabled()) {
    replace_range_sink(this);
    enable_instrumentation(true);
  }
  ~PhaseSink() override {
    enable_instrumentation(was_enabled_);
    replace_range_sink(&before_);
  }
  PhaseSink(const PhaseSink&) = delete;
  PhaseSink& operator=(const PhaseSink&) = delete;

  void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) override {
    if (std::this_thread::get_id() != thread_) return before_.push(category, label, payload);
    open_.push_back(category == facts::Category::phase ? label.text() : std::string());
    if (!open_.back().empty()) begin();
  }
  void pop() override {
    if (std::this_thread::get_id() != thread_) return before_.pop();
    const std::string phase = std::move(open_.back());
    open_.pop_back();
    if (!phase.empty()) end(phase);
  }
  void mark(facts::Category category, const std::string& text) override {
    if (std::this_thread::get_id() != thread_) before_.mark(category, text);
  }

  // In the order of their first time.
  std::vector<std::pair<std::string, std::int64_t>> phases;
  meta_memory::Usage most;
  std::int64_t after_loss = 0;

 private:
  void note_peak() {
    const meta_memory::Usage peak = meta_memory::peak();
    most.allocated = std::max(most.allocated, peak.allocated);
    most.reserved = std::max(most.reserved, peak.reserved);
  }
  void begin() {
    note_peak();  // between phases
    meta_memory::reset_peak();
  }
  void end(const std::string& phase) {
    const std::int64_t peak = meta_memory::peak().allocated;
    const auto found =
        std::find_if(phases.begin(), phases.end(), [&](const auto& item) { return item.first == phase; });
    if (found == phases.end()) {
      phases.emplace_back(phase, peak);
    } else {
      found->second = std::max(found->second, peak);
    }
    if (phase == facts::phase::loss) after_loss = meta_memory::live().allocated;
    note_peak();
  }

  RangeSink& before_;
  bool was_enabled_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::vector<std::string> open_;
};

std::int64_t live() { return meta_memory::live().allocated; }

bool passes_vary(const TrainerConfig& config) {
  return most_passes(config) > 1 && (config.data.train.uniform_recycling || config.train.recycling_per_step);
}

void prepare() {
  meta_memory::install();
  meta_memory::release_unused();
  meta_memory::reset_peak();
}

TrainingBatch widest_training_batch(const TrainerConfig& config, std::int64_t passes) {
  std::vector<TrainingBatch> samples;
  for (std::int64_t i = 0; i < config.train.batch_size; ++i) {
    samples.push_back(widest_batch(config.data, DataMode::train, passes));
  }
  return join_batches(std::move(samples));
}

// What graphs read their batches from: a copy for each number of passes.
StaticBatches graph_copies(const TrainerConfig& config, const TrainingBatch& widest) {
  StaticBatches copies;
  if (!config.train.cuda_graphs) return copies;
  const std::int64_t most = widest.features.at("aatype").size(-1);
  for (std::int64_t passes = passes_vary(config) ? 1 : most; passes <= most; ++passes) {
    const TensorDict features =
        map_tensors(widest.features, [passes](const at::Tensor& tensor) { return tensor.narrow(-1, 0, passes); });
    copies.load(std::to_string(passes), features);
  }
  return copies;
}

}  // namespace

std::string gib_text(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GiB", to_gib(bytes));
  return text;
}

FixedMemory fixed_memory() {
  // Measured with CUDA 13.0 and PyTorch 2.11 on an H200 (memory_bench): what the device has in use beside the
  // allocator's segments. The workspaces of cuBLAS lie in segments.
  constexpr std::int64_t mib = 1024 * 1024;
  return {.context = 830 * mib, .workspaces = 64 * mib};
}

std::int64_t most_passes(const TrainerConfig& config) { return config.data.common.max_recycling_iters + 1; }

StepMemory step_memory(const TrainerConfig& config, std::int64_t passes) {
  const ProcessState put_back_at_the_end;
  prepare();
  const std::int64_t before = live();
  StepMemory result;
  result.passes = passes;
  Trainer trainer(config, at::kMeta);
  const std::int64_t at_rest = live() - before;
  for (const at::Tensor& parameter : trainer.model()->parameters()) {
    result.parameters += static_cast<std::int64_t>(parameter.nbytes());
    result.average += parameter.numel() * static_cast<std::int64_t>(sizeof(float));
  }
  result.added_up = result.average;
  result.optimizer = at_rest - result.parameters - result.average;

  const std::int64_t before_batch = live();
  const TrainingBatch batch = widest_training_batch(config, passes);
  const StaticBatches copies = graph_copies(config, batch);
  result.batch = live() - before_batch;
  meta_memory::release_unused();
  meta_memory::reset_peak();

  // Gradients are added up from the second batch of a step on.
  const auto parts = static_cast<std::size_t>(std::min<std::int64_t>(2, config.train.accumulate_grad_batches));
  PhaseSink sink;
  // The second step is as all that follow: gradients and tables have their place.
  for (std::int64_t step = 0; step < 2; ++step) {
    const std::int64_t before_step = live();
    trainer.launch(step, std::vector<TrainingBatch>(parts, batch));
    result.activations = sink.after_loss - before_step;
  }
  for (const at::Tensor& parameter : trainer.model()->parameters()) {
    if (parameter.requires_grad()) result.gradients += static_cast<std::int64_t>(parameter.nbytes());
  }
  result.phases = sink.phases;
  result.peak = sink.most;
  if (config.train.cuda_graphs) {
    result.graph_pool = result.peak.allocated - live();
    if (!config.data.train.fixed_size) result.beside_graphs = result.graph_pool;
  }
  return result;
}

StepMemory step_memory(const TrainerConfig& config) { return step_memory(config, most_passes(config)); }

std::int64_t evaluation_memory(const TrainerConfig& config, std::int64_t length) {
  const ProcessState put_back_at_the_end;
  prepare();
  const std::int64_t before = live();
  Trainer trainer(config, at::kMeta);
  trainer.model()->eval();
  const at::NoGradGuard no_grad;
  const TrainingBatch batch = widest_batch(config.data, DataMode::eval, most_passes(config), length);
  const InferenceSlices slices(config.model.inference_slice_mib * 1024 * 1024);
  meta_memory::reset_peak();
  (void)trainer.model()->forward(batch.features);
  return meta_memory::peak().allocated - before;
}

TrainerConfig planned_config(TrainerConfig config) {
  config.train.initial_weights.clear();  // a plan is about sizes
  if (config.train.device == "cpu") config.train.cuda_graphs = false;
  if (config.train.precision == "auto") {
    const bool without_gpu = config.train.device != "cpu" && !torch::cuda::is_available();
    config.train.precision =
        without_gpu ? "bf16" : name_of(choose_precision("auto", choose_device(config.train.device)));
  }
  return config;
}

}  // namespace foldperf::trainer

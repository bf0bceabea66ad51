// Times training steps on a GPU: one batch again and again, with one recycling pass and with several, and prints
// medians, the mean step of a run that draws 1 to 4 passes (T1 + 1.5 F), peak memory, kernels and the GPU's busy share:
// the union of the intervals of kernels and copies in a step that is recorded, over the time of a step that is not.
//
//   step_time_bench BATCH.pt [--steps N] [--passes P] [--kernels N] [options of foldperf-train]
//
// BATCH.pt: features as torch.save writes them, [1, ..., recycling passes]; the last pass is repeated. Ends with code 1
// where something could not be captured in a CUDA graph, or ran outside of one more often than it must, though graphs
// are on.
#include <c10/cuda/CUDACachingAllocator.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/bench_main.hpp"
#include "bench/gpu_busy.hpp"
#include "core/error.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

using Clock = std::chrono::steady_clock;

// The first run of each kind of captured work is as it is (graph_cache.hpp): gradients and update; where samples have
// many shapes, gradients of each of the two numbers of passes (Trainer::launch).
std::int64_t runs_outside_of_graphs(const TrainerConfig& config) { return config.data.train.fixed_size ? 2 : 3; }

struct Options {
  std::string batch;
  std::int64_t steps = 20;
  std::int64_t passes = 2;
  std::size_t kernels = 0;  // names to list
  std::vector<std::string> training;
};

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto value = [&] {
      if (i + 1 == arguments.size()) throw UsageError(arguments[i] + " needs a value");
      return std::stoll(arguments[++i]);
    };
    if (arguments[i] == "--steps") {
      options.steps = value();
    } else if (arguments[i] == "--passes") {
      options.passes = value();
    } else if (arguments[i] == "--kernels") {
      options.kernels = static_cast<std::size_t>(value());
    } else if (options.batch.empty()) {
      options.batch = arguments[i];
    } else {
      options.training.push_back(arguments[i]);
    }
  }
  if (options.steps < 2 || options.passes < 2) throw UsageError("--steps and --passes must be 2 or more");
  if (options.batch.empty())
    throw UsageError("usage: step_time_bench BATCH.pt [--steps N] [options of foldperf-train]");
  return options;
}

TrainingBatch with_passes(const TensorDict& features, std::int64_t passes, at::Device device) {
  TrainingBatch batch;
  for (const auto& [name, tensor] : features) {
    std::vector<std::int64_t> shape = tensor.sizes().vec();
    shape.back() = passes;
    batch.features[name] = tensor.narrow(-1, tensor.size(-1) - 1, 1).to(device).expand(shape);
  }
  return batch;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Steps as in training: the next is submitted before the numbers of the one before are read.
class Steps {
 public:
  explicit Steps(Trainer& trainer) : trainer_(trainer) {}
  void make(const TrainingBatch& batch, std::int64_t count, std::vector<double>* ms = nullptr) {
    std::optional<PendingStep> before;
    Clock::time_point last = Clock::now();
    for (std::int64_t i = 0; i <= count; ++i) {
      std::optional<PendingStep> next;
      if (i < count) next = trainer_.launch(step_++, {batch});
      if (before) {
        loss = trainer_.finish(std::move(*before)).loss;
        const auto now = Clock::now();
        if (ms) ms->push_back(std::chrono::duration<double, std::milli>(now - last).count());
        last = now;
      }
      before = std::move(next);
    }
  }
  double loss = 0;

 private:
  Trainer& trainer_;
  std::int64_t step_ = 0;
};

// Of all phases; of a captured step that of its capture.
double peak_in_tensors(Trainer& trainer) {
  double most = 0;
  for (const auto& [phase, gib] : trainer.memory().peaks_gib()) most = std::max(most, gib);
  return most;
}

double gib(const c10::CachingDeviceAllocator::StatArray& stat) { return static_cast<double>(stat[0].peak) / (1 << 30); }

int run(const std::vector<std::string>& arguments) {
  const Options options = parse(arguments);
  const CommandLine line = parse_command_line(options.training);
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  const at::Device device = choose_device("cuda");
  const WorkStream stream(device);
  Trainer trainer(config, device, [](const std::string& text) { std::cerr << text << std::endl; });
  const TensorDict features = load_tensors(options.batch);
  Steps steps(trainer);
  std::vector<double> medians;
  std::vector<std::int64_t> kernels;
  nlohmann::ordered_json report = {{"precision", name_of(trainer.precision())},
                                   {"graphs", config.train.cuda_graphs},
                                   {"blocks_per_checkpoint", config.model.blocks_per_checkpoint}};
  std::vector<bench::KernelSum> names;
  for (const std::int64_t passes : {std::int64_t{1}, options.passes}) {
    const TrainingBatch batch = with_passes(features, passes, device);
    trainer.memory().clear();
    steps.make(batch, 2);  // as it is, and captured
    c10::cuda::CUDACachingAllocator::resetPeakStats(device.index());
    std::vector<double> ms;
    steps.make(batch, options.steps + 2, &ms);
    ms.erase(ms.begin(), ms.begin() + 2);  // the device was idle, the host not yet ahead
    const auto memory = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
    medians.push_back(median(ms));
    constexpr int recorded = 2;
    const auto start = Clock::now();
    const bench::GpuActivity gpu = bench::record_gpu([&] { steps.make(batch, recorded); });
    const double traced = std::chrono::duration<double, std::milli>(Clock::now() - start).count() / recorded;
    report["passes_" + std::to_string(passes)] = {{"median_ms", medians.back()},
                                                  {"least_ms", *std::min_element(ms.begin(), ms.end())},
                                                  {"most_ms", *std::max_element(ms.begin(), ms.end())},
                                                  {"kernels", gpu.kernels / recorded},
                                                  {"busy_ms", gpu.busy_ms / recorded},
                                                  {"busy_share", gpu.busy_ms / recorded / medians.back()},
                                                  {"traced_ms", gpu.span_ms / recorded},
                                                  {"traced_wall_ms", traced},
                                                  {"peak_allocated_gib", peak_in_tensors(trainer)},
                                                  {"peak_reserved_gib", gib(memory.reserved_bytes)},
                                                  {"loss", steps.loss}};
    if (passes == 1) names = gpu.by_name;
  }
  const double recycling = (medians[1] - medians[0]) / static_cast<double>(options.passes - 1);
  report["T1_ms"] = medians[0];
  report["F_ms"] = recycling;
  report["mean_ms"] = medians[0] + 1.5 * recycling;
  const GraphCounts counts = trainer.graph_counts();
  report["graphs_captured"] = counts.captured;
  report["graphs_eager"] = counts.eager;
  report["graphs_refused"] = counts.refused;
  std::cout << report.dump(2) << std::endl;
  for (std::size_t i = 0; i < std::min(options.kernels, names.size()); ++i) {
    std::printf("%9.2f ms %6lld x %s\n", names[i].ms / 2, static_cast<long long>(names[i].count / 2),
                names[i].name.substr(0, 110).c_str());
  }
  if (const std::int64_t expected = runs_outside_of_graphs(config);
      config.train.cuda_graphs && counts.eager > expected) {
    std::cerr << "step_time_bench: " << counts.eager << " runs were outside of a graph, " << expected
              << " were expected\n";
    return 1;
  }
  return counts.refused.empty() ? 0 : 1;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("step_time_bench", foldperf::trainer::run, argc, argv);
}

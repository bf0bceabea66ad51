// foldperf-train's steps on one batch, for against_torch_profiler.py: a line of JSON says what a step took and, with
// --torch-profiler (Kineto, which LibTorch brings), how many kernels ran in the steps and how long.
//
//   trainer_steps BATCH.pt [--steps N] [--torch-profiler] [options of foldperf-train]
//
// BATCH.pt: features as torch.save writes them, [1, ..., recycling passes]; one pass is made. The steps stand in an
// NVTX range `measured`, each in one named `step`, and begin when graphs are captured.
#include <nvtx3/nvToolsExt.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/bench_main.hpp"
#include "core/error.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/instrument/range_sink.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

using torch::profiler::impl::ActivityType;

std::int64_t utc_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// From the beginning: a driver that knows nobody is looking when a graph is captured may run its copies as kernels.
void start_kineto() {
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  torch::autograd::profiler::prepareProfiler(config, {ActivityType::CUDA});
  torch::autograd::profiler::enableProfiler(config, {ActivityType::CUDA});
}

nlohmann::ordered_json kernels_between(std::int64_t start_ns, std::int64_t end_ns) {
  const auto result = torch::autograd::profiler::disableProfiler();
  std::int64_t count = 0, total_ns = 0;
  for (const auto& event : result->events()) {
    if (event.deviceType() != c10::DeviceType::CUDA) continue;
    const std::string name = event.name();  // Kineto's own names for copies and sets
    if (name.starts_with("Memcpy ") || name.starts_with("Memset ")) continue;
    if (static_cast<std::int64_t>(event.startNs()) < start_ns || static_cast<std::int64_t>(event.endNs()) > end_ns)
      continue;
    ++count;
    total_ns += static_cast<std::int64_t>(event.durationNs());
  }
  return {{"kernels", count}, {"kernel_ms", static_cast<double>(total_ns) / 1e6}};
}

TrainingBatch one_pass(const TensorDict& features, at::Device device) {
  TrainingBatch batch;
  for (const auto& [name, tensor] : features) batch.features[name] = tensor.narrow(-1, 0, 1).to(device).contiguous();
  return batch;
}

int run(const std::vector<std::string>& arguments) {
  std::string path;
  std::int64_t steps = 5;
  bool kineto = false;
  std::vector<std::string> training;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--steps" && i + 1 < arguments.size()) {
      steps = std::stoll(arguments[++i]);
    } else if (arguments[i] == "--torch-profiler") {
      kineto = true;
    } else if (path.empty()) {
      path = arguments[i];
    } else {
      training.push_back(arguments[i]);
    }
  }
  if (path.empty())
    throw UsageError("usage: trainer_steps BATCH.pt [--steps N] [--torch-profiler] [options of foldperf-train]");
  const TrainerConfig config = trainer_config_from_json(resolve_config(parse_command_line(training).sources));
  const at::Device device = choose_device("cuda");
  enable_instrumentation(nvtx_tool_present());
  if (kineto) start_kineto();
  const WorkStream stream(device);
  Trainer trainer(config, device, [](const std::string& text) { std::cerr << text << std::endl; });
  const TrainingBatch batch = one_pass(load_tensors(path), device);
  std::int64_t step = 0;
  for (; step < 3; ++step) trainer.finish(trainer.launch(step, {batch}));  // as it is, and captured
  torch::cuda::synchronize();
  std::vector<double> ms;
  const std::int64_t start_ns = utc_ns();
  nvtxRangePushA("measured");
  for (std::int64_t i = 0; i < steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    nvtxRangePushA("step");
    trainer.finish(trainer.launch(step++, {batch}));
    torch::cuda::synchronize();
    nvtxRangePop();
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  nvtxRangePop();
  const std::int64_t end_ns = utc_ns();
  nlohmann::ordered_json result = {{"steps", steps}};
  if (kineto) result.update(kernels_between(start_ns, end_ns));
  std::sort(ms.begin(), ms.end());
  result["median_ms"] = ms[ms.size() / 2];
  std::cout << "RESULT " << result.dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("trainer_steps", foldperf::trainer::run, argc, argv);
}

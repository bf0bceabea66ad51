// One training step again and again, for step_against_openfold.py: writes what it trains on, then makes a step for
// every line "step" it reads and answers with milliseconds and loss. `scopes` answers with what instrumentation costs.
//
//   step_bench FOLDER [options of foldperf-train]
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/bench_main.hpp"
#include "core/error.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Counts ranges and drops them.
class CountingSink : public RangeSink {
 public:
  void push(facts::Category category, const Label&, std::optional<std::int64_t>) override {
    if (category == facts::Category::module) ++modules;
    ++ranges;
  }
  void pop() override {}
  void mark(facts::Category, const std::string&) override {}
  std::int64_t ranges = 0;
  std::int64_t modules = 0;
};

// Module scopes in a step, and what one costs while instrumentation is off.
nlohmann::json scope_cost(Trainer& trainer, const TrainingBatch& batch) {
  CountingSink sink;
  replace_range_sink(&sink);
  enable_instrumentation(true);
  (void)trainer.step(1, batch);
  enable_instrumentation(false);
  replace_range_sink(nullptr);
  constexpr int repeats = 10'000'000;
  const auto start = Clock::now();
  for (int i = 0; i < repeats; ++i) {
    const TraceScope scope(*trainer.model());
    asm volatile("" ::: "memory");  // keep the compiler from joining the scopes
  }
  return {{"modules", sink.modules}, {"ranges", sink.ranges}, {"off_ns", milliseconds_since(start) * 1e6 / repeats}};
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw UsageError("usage: step_bench FOLDER [options of foldperf-train]");
  const std::filesystem::path folder = arguments.front();
  const CommandLine line = parse_command_line({arguments.begin() + 1, arguments.end()});
  const nlohmann::json tree = resolve_config(line.sources);
  const TrainerConfig config = trainer_config_from_json(tree);
  std::filesystem::create_directories(folder);

  if (config.train.threads > 0) at::set_num_threads(static_cast<int>(config.train.threads));
  LoaderSource source(config.data);
  const TrainingBatch batch = source.next();
  Trainer trainer(config, choose_device(config.train.device));
  TensorDict features;
  for (const auto& [name, tensor] : batch.features) features[name] = tensor;
  save_tensors((folder / "batch.pt").string(), features);
  save_tensors((folder / "weights.pt").string(), weights_of(*trainer.model()));
  std::ofstream(folder / "config.json") << tree.dump();
  std::cout << nlohmann::json{{"ready", true}, {"chain", batch.about.chain}, {"threads", at::get_num_threads()}}
            << std::endl;

  std::int64_t step = 0;
  for (std::string command; std::getline(std::cin, command);) {
    if (command == "scopes") {
      std::cout << scope_cost(trainer, batch) << std::endl;
      continue;
    }
    const auto start = Clock::now();
    const StepMetrics metrics = trainer.step(step++, batch);
    std::cout << nlohmann::json{{"ms", milliseconds_since(start)},
                                {"loss", metrics.loss},
                                {"terms", metrics.terms},
                                {"grad_norm", metrics.gradient_norm}}
              << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("step_bench", foldperf::trainer::run, argc, argv);
}

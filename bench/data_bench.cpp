// Prepares training samples when asked, for data_against_openfold.py: a line "sample CHAIN SEED" (the chain's place in
// the catalogue) is answered by its milliseconds, in all and by stage, and by sizes; "expand" instead of "sample" makes
// the model's features of it too; "memory" is answered by what this process holds.
//
//   data_bench [options of foldperf-train]
#include <sys/resource.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/bench_main.hpp"
#include "core/error.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/allocator_settings.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

using Clock = std::chrono::steady_clock;

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

nlohmann::json sample(const ChainDataset& dataset, std::size_t chain, std::uint32_t seed, bool expanded) {
  const auto start = Clock::now();
  const Batch batch = dataset.load(0, chain, {seed, 0, 0});
  nlohmann::json stages;
  for (const auto& [stage, ns] : batch.fact.preparation_ns) stages[stage] = static_cast<double>(ns) / 1e6;
  if (expanded) {
    const auto prepared = Clock::now();
    const TensorDict features = expand(batch.sample, at::kCPU);
    stages["expand"] = std::chrono::duration<double, std::milli>(Clock::now() - prepared).count();
  }
  return {{"ms", std::chrono::duration<double, std::milli>(Clock::now() - start).count()},
          {"stages", stages},
          {"chain", batch.fact.chain},
          {"length", batch.fact.length},
          {"depth", batch.fact.alignment_depth},
          {"bytes", batch.sample.bytes.nbytes()},
          {"passes", batch.sample.passes}};
}

int run(const std::vector<std::string>& arguments) {
  torch::set_num_threads(1);
  keep_freed_memory();
  const TrainerConfig config = trainer_config_from_json(resolve_config(parse_command_line(arguments).sources));
  const ChainDataset dataset(training_sets(config.data), config.data, DataMode::train);
  std::vector<std::string> names;
  for (const ChainSource& chain : dataset.set(0).catalog.chains) names.push_back(chain.name);
  std::cout << nlohmann::json{{"chains", names}, {"idle_mib", resident_mib()}} << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    std::size_t chain = 0;
    std::uint32_t seed = 0;
    words >> command;
    if (command == "memory") {
      std::cout << nlohmann::json{{"peak_mib", peak_mib()}} << std::endl;
    } else if ((command == "sample" || command == "expand") && words >> chain >> seed) {
      std::cout << sample(dataset, chain, seed, command == "expand") << std::endl;
    } else {
      throw UsageError("data_bench reads 'sample CHAIN SEED', 'expand CHAIN SEED' and 'memory', not '" + line + "'");
    }
  }
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("data_bench", foldperf::trainer::run, argc, argv);
}

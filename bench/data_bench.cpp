// Prepares training samples when asked, for data_against_openfold.py: a line "sample CHAIN SEED" (the chain's place in
// the catalogue) is answered by its milliseconds, in all and by stage, and by sizes; "memory" by what this process
// holds.
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

#include "core/error.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/allocator_settings.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/loop/command_line.hpp"

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

nlohmann::json sample(const ChainDataset& dataset, std::size_t chain, std::uint32_t seed) {
  const auto start = Clock::now();
  const Batch batch = dataset.load(chain, {seed, 0, 0});
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  nlohmann::json stages;
  for (const auto& [stage, ns] : batch.fact.preparation_ns) stages[stage] = static_cast<double>(ns) / 1e6;
  return {{"ms", ms},
          {"stages", stages},
          {"chain", batch.fact.chain},
          {"length", batch.fact.length},
          {"depth", batch.fact.alignment_depth},
          {"passes", batch.features.at("aatype").size(-1)}};
}

int run(const std::vector<std::string>& arguments) {
  torch::set_num_threads(1);
  keep_freed_memory();
  const TrainerConfig config = trainer_config_from_json(resolve_config(parse_command_line(arguments).sources));
  const ChainCatalog catalog = training_chains(config.data);
  const ChainDataset dataset(catalog.chains, config.data, DataMode::train);
  std::vector<std::string> names;
  for (const ChainSource& chain : catalog.chains) names.push_back(chain.name);
  std::cout << nlohmann::json{{"chains", names}, {"idle_mib", resident_mib()}} << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    std::size_t chain = 0;
    std::uint32_t seed = 0;
    words >> command;
    if (command == "memory") {
      std::cout << nlohmann::json{{"peak_mib", peak_mib()}} << std::endl;
    } else if (command == "sample" && words >> chain >> seed) {
      std::cout << sample(dataset, chain, seed) << std::endl;
    } else {
      throw UsageError("data_bench reads 'sample CHAIN SEED' and 'memory', not '" + line + "'");
    }
  }
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  try {
    return foldperf::trainer::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "data_bench: " << error.what() << std::endl;
    return 1;
  }
}

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/batch_loader.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {

namespace {

// What was seen of the chains that could be prepared.
struct Findings {
  std::vector<facts::BatchFact> prepared;
  std::int64_t failed = 0;
};

// Keeps `limit` chains, evenly over the set.
void thin_out(std::vector<ChainSource>& chains, std::int64_t limit) {
  const auto wanted = static_cast<std::size_t>(limit);
  if (wanted == 0 || wanted >= chains.size()) return;
  std::vector<ChainSource> kept;
  for (std::size_t i = 0; i < wanted; ++i) kept.push_back(std::move(chains[i * chains.size() / wanted]));
  chains = std::move(kept);
}

Findings check(const std::shared_ptr<const ChainDataset>& dataset, const LoaderOptions& options, bool quiet) {
  Findings findings;
  BatchLoader loader(dataset, options);
  const std::vector<ChainSource>& chains = dataset->set(0).catalog.chains;
  for (std::size_t place = 0;; ++place) {
    try {
      const auto batch = loader.next();
      if (!batch) break;
      findings.prepared.push_back(batch->fact);
    } catch (const Error& error) {
      ++findings.failed;
      std::cout << "  " << chains[place].name << ": " << error.what() << std::endl;
    }
    if (!quiet && (place + 1) % 1000 == 0) {
      std::cerr << "foldperf-train: " << place + 1 << " of " << chains.size() << " chains" << std::endl;
    }
  }
  return findings;
}

template <typename Value>
Value quantile(std::vector<Value> values, double share) {
  const auto place = static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
  return values[place];
}

template <typename Get>
void print_sizes(const char* what, const std::vector<facts::BatchFact>& chains, Get get) {
  std::vector<std::int64_t> values;
  for (const facts::BatchFact& chain : chains) values.push_back(get(chain));
  std::printf("  %s: median %lld, from %lld to %lld\n", what, static_cast<long long>(quantile(values, 0.5)),
              static_cast<long long>(quantile(values, 0)), static_cast<long long>(quantile(values, 1)));
}

double total_ms(const facts::BatchFact& chain) {
  std::int64_t total = 0;
  for (const auto& [stage, nanoseconds] : chain.preparation_ns) total += nanoseconds;
  return static_cast<double>(total) / 1e6;
}

void print_times(const std::vector<facts::BatchFact>& chains) {
  std::map<std::string, std::vector<double>> stages;
  std::vector<double> totals;
  for (const facts::BatchFact& chain : chains) {
    totals.push_back(total_ms(chain));
    for (const auto& [stage, nanoseconds] : chain.preparation_ns)
      stages[stage].push_back(static_cast<double>(nanoseconds) / 1e6);
  }
  const auto line = [](const std::string& name, const std::vector<double>& ms) {
    std::printf("    %-11s %9.1f %9.1f %9.1f\n", name.c_str(), quantile(ms, 0.5), quantile(ms, 0.99), quantile(ms, 1));
  };
  std::printf("  preparation of a sample on one core, ms:\n    %-11s %9s %9s %9s\n", "", "median", "p99", "longest");
  for (const char* stage : {"read", "alignment", "templates", "features", "transforms"}) {
    if (stages.contains(stage)) line(stage, stages[stage]);
  }
  line("in all", totals);
  const auto slowest =
      std::max_element(chains.begin(), chains.end(),
                       [](const facts::BatchFact& a, const facts::BatchFact& b) { return total_ms(a) < total_ms(b); });
  std::printf("    the longest is %s: %lld residues, %lld rows\n", slowest->chain.c_str(),
              static_cast<long long>(slowest->length), static_cast<long long>(slowest->alignment_depth));
}

std::int64_t check_set(ChainSet set, const TrainerConfig& config, DataMode mode, const CommandLine& line) {
  std::cout << set.name << " set: " << set.catalog.chains.size() << " chains of " << set.structures->name() << "\n";
  for (const SkippedEntry& entry : set.catalog.skipped)
    std::cout << "  " << entry.structure.string() << ": passed over: " << entry.reason << "\n";
  for (const std::string& note : set.catalog.notes) std::cout << "  " << note << "\n";
  std::cout << std::flush;
  thin_out(set.catalog.chains, line.limit);
  const bool has_alignments = set.alignments != nullptr;
  std::vector<ChainSet> sets;
  sets.push_back(std::move(set));
  DataConfig data = config.data;
  data.loader.cache_mib = 0;  // every chain is read once
  const auto dataset = std::make_shared<const ChainDataset>(std::move(sets), data, mode);
  const Findings findings = check(dataset, evaluation_loader_options(data), line.quiet);
  std::cout << "  " << findings.prepared.size() << " of " << dataset->size() << " chains checked can be prepared"
            << std::endl;
  if (findings.prepared.empty()) return findings.failed;
  print_sizes("residues", findings.prepared, [](const facts::BatchFact& chain) { return chain.length; });
  print_sizes("alignment rows", findings.prepared, [](const facts::BatchFact& chain) { return chain.alignment_depth; });
  const auto alone = std::count_if(findings.prepared.begin(), findings.prepared.end(),
                                   [](const facts::BatchFact& chain) { return chain.alignment_depth == 1; });
  if (has_alignments && alone > 0)
    std::printf("  %lld chains have no alignment but their own sequence\n", static_cast<long long>(alone));
  print_times(findings.prepared);
  std::fflush(stdout);
  return findings.failed;
}

}  // namespace

ExitCode check_data_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  std::int64_t failed = 0;
  for (ChainSet& set : training_sets(config.data)) failed += check_set(std::move(set), config, DataMode::train, line);
  const DataSourceConfig& source = config.data.source;
  if (!source.val_data_dir.empty() || !source.val_chains.empty()) {
    if (auto set = validation_set(config.data)) failed += check_set(std::move(*set), config, DataMode::eval, line);
  }
  return failed == 0 ? ExitCode::success : ExitCode::bad_input;
}

}  // namespace foldperf::trainer

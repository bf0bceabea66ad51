#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/feed/cpu_set.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/worker_pool.hpp"
#include "trainer/input/chain_data_cache.hpp"
#include "trainer/input/mmcif_cache.hpp"
#include "trainer/input/structure_store.hpp"
#include "trainer/program/commands.hpp"
#include "trainer/program/output_path.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t read_ahead = 64;  // entries

struct Caches {
  ChainDataCache chains;
  MmcifCache entries;
  std::int64_t failed = 0;
};

// Structures are read on several threads, and added in their order, so that the caches depend on the files alone.
Caches read_all(const std::shared_ptr<const StructureStore>& structures, const StructureOptions& options,
                const ClusterSizes* clusters, const DataLoaderConfig& loader, bool quiet) {
  const auto names = std::make_shared<const std::vector<std::string>>(structures->entries());
  QueueOptions queue_options;
  queue_options.order = Order::strict;
  queue_options.capacity = read_ahead;
  queue_options.tickets = static_cast<std::int64_t>(names->size());
  const auto queue = std::make_shared<ReadyQueue<StructureEntry>>(queue_options);
  WorkerOptions worker_options;
  worker_options.number = std::max<std::int64_t>(loader.num_workers, 1);
  worker_options.name = "structures";
  worker_options.cpus = resolve_cpus(loader.cpus);
  const WorkerPool workers(worker_options, queue, [structures, names, options](std::int64_t ticket) {
    return structures->read((*names)[static_cast<std::size_t>(ticket)], options);
  });
  Caches caches;
  std::size_t done = 0;
  while (auto sample = queue->next()) {
    try {
      const StructureEntry entry = sample->take();
      add_chain_data(caches.chains, entry, clusters);
      add_entry_data(caches.entries, entry, clusters);
    } catch (const InputError& error) {
      ++caches.failed;
      std::cerr << "foldperf-train: " << error.what() << "\n";
    }
    if (!quiet && ++done % 10'000 == 0)
      std::cerr << "foldperf-train: " << done << " of " << names->size() << " structures" << std::endl;
  }
  return caches;
}

}  // namespace

ExitCode caches_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  const DataSourceConfig& source = config.data.source;
  if (source.train_data_dir.empty())
    throw UsageError("which structures? Give their folder with --data (data.source.train_data_dir)");
  const fs::path folder = line.folder.empty() ? "." : line.folder;
  const fs::path chains = folder / "chain_data_cache.json", entries = folder / "mmcif_cache.json";
  for (const fs::path& file : {chains, entries}) refuse_existing(file, line.overwrite);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw SystemError(folder.string() + ": the folder cannot be made: " + error.message());

  std::optional<ClusterSizes> clusters;
  if (!line.clusters.empty()) clusters = ClusterSizes::read(line.clusters);
  const std::shared_ptr<const StructureStore> structures = open_structure_store(source.train_data_dir);
  StructureOptions options;
  options.treat_pdb_as_distillation = source.treat_pdb_as_distillation;
  const Caches caches = read_all(structures, options, clusters ? &*clusters : nullptr, config.data.loader, line.quiet);
  write_chain_data_cache(caches.chains, chains);
  write_mmcif_cache(caches.entries, entries);
  if (!line.quiet) {
    std::cout << caches.chains.size() << " chains in " << chains.string() << "\n"
              << caches.entries.size() << " entries in " << entries.string() << std::endl;
  }
  if (caches.failed == 0) return ExitCode::success;
  std::cerr << "foldperf-train: " << caches.failed << " of " << structures->entries().size()
            << " structures cannot be read and are in neither" << std::endl;
  return ExitCode::bad_input;
}

}  // namespace foldperf::trainer

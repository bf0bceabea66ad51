#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/chain_set.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/pack.hpp"
#include "trainer/loop/stop_signal.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {

namespace {

// "1.5 GiB".
std::string bytes_text(std::uint64_t bytes) {
  const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char text[64];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace

ExitCode pack_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  const DataSourceConfig& data = config.data.source;
  if (data.train_data_dir.empty())
    throw UsageError("which structures? Give their folder with --data (data.source.train_data_dir)");
  const auto structures = open_structure_store(data.train_data_dir);
  const auto alignments = open_training_alignments(data);
  PackSource source;
  source.structures = structures.get();
  source.alignments = alignments.get();
  source.chain_data_cache = data.train_chain_data_cache_path;
  source.mmcif_cache = data.template_release_dates_cache_path;
  if (!data.train_chains.empty()) source.chains = data.train_chains;
  if (!data.train_filter_path.empty()) {
    if (source.chains) throw UsageError("give data.source.train_chains or train_filter_path, not both");
    source.chains = read_chain_list(data.train_filter_path);
  }
  PackOptions options;
  options.overwrite = line.overwrite;
  options.verify = line.verify;
  options.structure_options.treat_pdb_as_distillation = data.treat_pdb_as_distillation;
  const StopSignal signal;
  std::size_t reported = 0;
  const PackResult result = pack(source, line.file, options, [&](const PackProgress& progress) {
    // Thrown through pack, which then leaves no part of an archive.
    if (StopSignal::requested()) throw Error("stopped: no archive was written", ExitCode::interrupted);
    if (line.quiet || progress.done < reported + 10'000) return;
    reported = progress.done;
    std::cerr << "foldperf-train: " << progress.done << " of " << progress.total << " structures and chains, "
              << bytes_text(progress.bytes_before) << " packed to " << bytes_text(progress.bytes_after) << std::endl;
  });
  for (const std::string& name : result.not_found)
    std::cerr << "foldperf-train: " << name << " has neither a structure nor an alignment\n";
  if (!line.quiet) {
    std::cout << result.structures << " structures and the alignments of " << result.chains << " chains ("
              << result.links << " of them share another's) in " << line.file << ": " << result.files << " files, "
              << bytes_text(result.bytes_before) << ", in an archive of " << bytes_text(result.archive_bytes)
              << std::endl;
  }
  return ExitCode::success;
}

}  // namespace foldperf::trainer

// The command line of foldperf-train.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/config/config_tree.hpp"

namespace foldperf::trainer {

enum class Command { train, features, check_data, caches, pack, predict, evaluate };

struct CommandLine {
  Command command = Command::train;
  ConfigSources sources;  // --data, --alignments, --output and --steps are assignments, after those of --set
  bool print_config = false;
  bool dry_run = false;              // say what device memory training needs
  std::optional<double> memory_gib;  // of a device that is not at hand, for dry_run
  bool quiet = false;
  bool resume = false;
  std::string resume_from;  // checkpoint or folder; empty: the output folder
  // Not empty: print this and leave with success (--help, --version, --list-presets).
  std::string answer;

  // Of the other commands.
  std::string chain;        // features: 1ubi_A
  std::string file;         // features, pack: what is written; empty: the default
  std::string outputs;      // features: file of what the model makes of them; empty: none
  bool raw = false;         // features: as they come from the files; predict, evaluate: weights that are no average
  std::uint32_t epoch = 0;  // features: of the sample's draws
  std::uint32_t index = 0;  // features: of the sample's draws, within the epoch
  std::int64_t limit = 0;   // check-data: chains to check; 0: all
  std::string clusters;     // caches: cluster file
  std::string folder;       // caches, predict, evaluate: where files are written
  bool overwrite = false;   // all that write files
  std::vector<std::string> chains;  // predict: empty for all of the validation set
  std::string fasta;                // predict: sequences in place of chains
  std::string weights;              // predict, evaluate: file of weights or checkpoint
  bool verify = false;              // pack: every file is parsed
};

// `arguments` without the program's name. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace foldperf::trainer

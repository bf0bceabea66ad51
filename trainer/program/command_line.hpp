// The command line of foldperf-train.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/config/config_tree.hpp"

namespace foldperf::trainer {

enum class Command { train, features, check_data, caches, pack };

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
  bool raw = false;         // features: as they come from the files
  std::uint32_t epoch = 0;  // features: of the sample's draws
  std::uint32_t index = 0;  // features: of the sample's draws, within the epoch
  std::int64_t limit = 0;   // check-data: chains to check; 0: all
  std::string clusters;     // caches: cluster file
  std::string folder;       // caches: where they are written
  bool overwrite = false;   // training, features, caches, pack
  bool verify = false;      // pack: every file is parsed
};

// `arguments` without the program's name. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace foldperf::trainer

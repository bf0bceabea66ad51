// The command line of foldperf-train.
#pragma once

#include <string>
#include <vector>

#include "trainer/config/config_tree.hpp"

namespace foldperf::trainer {

struct CommandLine {
  ConfigSources sources;  // --data, --alignments, --output and --steps are assignments, after those of --set
  bool print_config = false;
  bool quiet = false;
  // Not empty: print this and leave with success (--help, --version, --list-presets).
  std::string answer;
};

// `arguments` without the program's name. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace foldperf::trainer

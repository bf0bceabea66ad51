// Runs a scenario of scenarios.py, which plays NCCL, with the collector as its plugin.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {

inline std::vector<std::string> scenario_command(const std::vector<std::string>& scenario) {
  std::vector<std::string> command{FOLDPERF_PYTHON, FOLDPERF_NCCL_SCENARIOS, collector_library()};
  command.insert(command.end(), scenario.begin(), scenario.end());
  return command;
}

// What a scenario printed, and the files that it left.
struct Played {
  ProcessResult result;
  std::vector<std::string> files;
};

inline Played play(const TemporaryFolder& folder, const std::vector<std::string>& scenario,
                   const std::map<std::string, std::string>& environment = {}) {
  Played played;
  played.result = run_process(scenario_command(scenario), watched(folder.path(), environment));
  EXPECT_EQ(played.result.errors, "") << scenario[0];
  played.files = files_in(folder.path());
  return played;
}

}  // namespace foldperf::testing

// What foldperf doctor found out about one thing, and what that means for the person who asks.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace foldperf::cli::doctor {

enum class State { ok, missing, broken };

// What does not work where it is missing or broken.
enum class Need { nothing, profiling, training, training_on_gpu };

struct Finding {
  std::string name;  // "GPU driver"
  State state = State::missing;
  Need need = Need::nothing;
  std::string found;                                       // version and place, or why not
  std::string means;                                       // what it allows, or what does not work without it
  std::string advice;                                      // what to do; empty: nothing
  std::vector<std::pair<std::string, std::string>> facts;  // further lines, "key: value"
};

const char* state_name(State state);

// Each looks at one thing, in this order in the report. They never throw and never fail.
Finding examine_machine();
Finding examine_gpu_driver();
Finding examine_nvml();
Finding examine_cupti();
Finding examine_nccl();
Finding examine_nvtx();
Finding examine_torch();
Finding examine_trainer();

}  // namespace foldperf::cli::doctor

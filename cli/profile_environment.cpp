#include "cli/profile_environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "collectors/session/window_text.hpp"
#include "core/error.hpp"

namespace foldperf::cli {
namespace {

constexpr std::array<std::string_view, 5> sources{"nvtx", "cupti", "nccl", "host", "gpu"};

[[noreturn]] void refuse(const std::string& option, std::string_view value, const std::string& known) {
  throw UsageError(option + " " + std::string(value) + " is not known: " + known);
}

bool collects(const std::string& list, std::string_view source) {
  return ("," + list + ",").find("," + std::string(source) + ",") != std::string::npos;
}

// Whether the collector has a door of this name: a variable that leads to none makes CUDA or NCCL complain.
bool has_door(const std::string& collector, std::string_view symbol) {
  std::ifstream file(collector, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return bytes.find('\0' + std::string(symbol) + '\0') != std::string::npos;
}

// What a variable names, where that is not our collector.
std::string other_in(const char* variable, const std::string& collector) {
  const char* present = std::getenv(variable);
  return present == nullptr || *present == '\0' || collector == present ? std::string() : present;
}

void check_windows(const ProfileOptions& options) {
  if (!options.steps.empty() && !collectors::parse_steps(options.steps)) {
    throw UsageError("--steps " + options.steps + ": give " + collectors::steps_form);
  }
  for (const auto& [option, text] : {std::pair{"--after", &options.after}, std::pair{"--for", &options.for_seconds},
                                     std::pair{"--last", &options.last}}) {
    if (text->empty()) continue;
    const auto ns = collectors::parse_seconds(*text);
    if (!ns || (*ns == 0 && option != std::string_view("--after"))) {
      throw UsageError(std::string(option) + " " + *text + ": give " + collectors::seconds_form);
    }
  }
  const int kinds = int{!options.steps.empty()} + int{!options.after.empty() || !options.for_seconds.empty()} +
                    int{!options.range.empty()} + int{options.paused};
  if (kinds > 1) throw UsageError("--steps, --range, --paused and --after with --for exclude each other: give one");
  if ((!options.steps.empty() || !options.range.empty()) && !collects(options.collect, "nvtx")) {
    throw UsageError("--steps and --range go by NVTX ranges: add nvtx to --collect");
  }
  if (options.counters && (options.level == "light" || !collects(options.collect, "cupti"))) {
    throw UsageError("--counters come by CUPTI: take --level kernels or full, and cupti in --collect");
  }
}

}  // namespace

void check_profile_options(const ProfileOptions& options) {
  if (options.level != "light" && options.level != "kernels" && options.level != "full") {
    refuse("--level", options.level, "light, kernels or full");
  }
  if (options.graphs != "node" && options.graphs != "graph") refuse("--graphs", options.graphs, "node or graph");
  std::string_view rest = options.collect;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (std::find(sources.begin(), sources.end(), word) == sources.end()) {
      refuse("--collect", word.empty() ? options.collect : word, "a list of nvtx, cupti, nccl, host and gpu");
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  check_windows(options);
  std::error_code error;
  if (const std::string& local = options.local_folder; !local.empty()) {
    if (!std::filesystem::is_directory(local, error)) {
      throw UsageError("--local-dir " + local + " is not a folder: make it first, on every machine of the run");
    }
    if (access(local.c_str(), W_OK | X_OK) != 0) {
      throw SystemError("--local-dir " + local + " cannot be written: " + std::strerror(errno));
    }
  }
}

std::map<std::string, std::string> profile_environment(const ProfileOptions& options, const std::string& collector,
                                                       const std::string& folder, std::string& left_out) {
  std::map<std::string, std::string> variables{{"FOLDPERF_OUTPUT_DIR", folder},
                                               {"FOLDPERF_RUN_ID", std::filesystem::path(folder).filename().string()},
                                               {"FOLDPERF_COLLECT", options.collect},
                                               {"FOLDPERF_LEVEL", options.level},
                                               {"FOLDPERF_GRAPHS", options.graphs}};
  // Empty ones, too: what the caller's environment holds is not what was asked for here.
  variables["FOLDPERF_STEPS"] = options.steps;
  variables["FOLDPERF_STEP_RANGE"] = options.step_range;
  variables["FOLDPERF_AFTER"] = options.after;
  variables["FOLDPERF_FOR"] = options.for_seconds;
  variables["FOLDPERF_LOCAL_DIR"] =
      options.local_folder.empty() ? "" : std::filesystem::absolute(options.local_folder).lexically_normal().string();
  variables["FOLDPERF_LAST"] = options.last;
  variables["FOLDPERF_RANGE"] = options.range;
  variables["FOLDPERF_PAUSED"] = options.paused ? "1" : "";
  variables["FOLDPERF_COUNTERS"] = !options.counters ? "" : options.metrics.empty() ? "default" : options.metrics;
  struct Door {
    const char* variable;
    const char* source;
    const char* symbol;
  };
  // A door that is not wanted stays as it is: another tool may use it.
  for (const Door& door : {Door{"NVTX_INJECTION64_PATH", "nvtx", "InitializeInjectionNvtx2"},
                           Door{"CUDA_INJECTION64_PATH", "cupti", "InitializeInjection"}}) {
    if (!collects(options.collect, door.source)) continue;
    if (door.source == std::string_view("cupti") && options.level == "light") continue;
    if (!has_door(collector, door.symbol)) continue;
    if (const std::string other = other_in(door.variable, collector); !other.empty()) {
      throw UsageError(std::string(door.variable) + " is set to " + other +
                       ": another profiler is in its place. Unset it to profile with foldperf");
    }
    variables[door.variable] = collector;
  }
  if (collects(options.collect, "nccl") && has_door(collector, "ncclProfiler_v5")) {
    if (const std::string other = other_in("NCCL_PROFILER_PLUGIN", collector); !other.empty()) {
      left_out = "NCCL_PROFILER_PLUGIN is set to " + other + ": left as it is, so NCCL's collectives are not recorded";
    } else {
      variables["NCCL_PROFILER_PLUGIN"] = collector;
    }
  }
  return variables;
}

}  // namespace foldperf::cli

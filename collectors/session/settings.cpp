#include "collectors/session/settings.hpp"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string_view>

#include "collectors/session/window_text.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::size_t smallest_buffer = std::size_t{64} << 10;
constexpr std::size_t largest_buffer = std::size_t{1} << 30;

// The program may change its working directory later.
std::string absolute(const char* path) {
  if (path[0] == '/') return path;
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof(folder)) == nullptr) return path;
  return std::string(folder) + "/" + path;
}

const char* text_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

// `parse` gives nothing where the text is not of the form.
template <class Parse, class Take>
void read(Settings& settings, const char* variable, const char* form, Parse parse, Take take) {
  const std::string_view text = text_of(variable);
  if (text.empty()) return;
  if (const auto value = parse(text)) return take(*value);
  if (!settings.problem.empty()) settings.problem += "; ";
  settings.problem += std::string(variable) + "=" + std::string(text) + " is not understood: give " + form;
}

void read_plan(Settings& settings) {
  PlanSettings& plan = settings.plan;
  read(settings, "FOLDPERF_STEPS", steps_form, parse_steps, [&](const StepSpan& steps) { plan.steps = steps; });
  read(settings, "FOLDPERF_AFTER", seconds_form, parse_seconds, [&](std::int64_t ns) { plan.after_ns = ns; });
  read(settings, "FOLDPERF_FOR", seconds_form, parse_seconds, [&](std::int64_t ns) {
    if (ns > 0) plan.for_ns = ns;
  });
  read(settings, "FOLDPERF_LAST", seconds_form, parse_seconds, [&](std::int64_t ns) {
    if (ns > 0) plan.last_ns = ns;
  });
  plan.step_range = text_of("FOLDPERF_STEP_RANGE");
  plan.range = text_of("FOLDPERF_RANGE");
  plan.paused = std::string_view(text_of("FOLDPERF_PAUSED")) == "1";
}

void read_counters(Settings& settings) {
  const char* list = std::getenv("FOLDPERF_COUNTERS");
  if (list == nullptr || *list == '\0') return;
  settings.counters = true;
  std::string_view rest(list);
  if (rest == "default") return;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (comma != 0) settings.metrics.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

const char* name_of(Level level) {
  switch (level) {
    case Level::light:
      return "light";
    case Level::kernels:
      return "kernels";
    case Level::full:
      return "full";
  }
  return "";
}

const char* name_of(GraphMode mode) { return mode == GraphMode::node ? "node" : "graph"; }

bool list_names(const char* list, const char* word) {
  if (list == nullptr || *list == '\0') return true;
  std::string_view rest(list);
  while (true) {
    const std::size_t comma = rest.find(',');
    if (rest.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<Settings> read_settings() {
  const char* folder = std::getenv("FOLDPERF_OUTPUT_DIR");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  Settings settings;
  settings.output_folder = absolute(folder);
  const char* local = std::getenv("FOLDPERF_LOCAL_DIR");
  if (local != nullptr && *local != '\0') settings.local_folder = absolute(local);
  if (const char* run_id = std::getenv("FOLDPERF_RUN_ID")) settings.run_id = run_id;
  const char* collect = std::getenv("FOLDPERF_COLLECT");
  settings.nvtx = list_names(collect, "nvtx");
  settings.cupti = list_names(collect, "cupti");
  settings.nccl = list_names(collect, "nccl");
  settings.host = list_names(collect, "host");
  settings.gpu = list_names(collect, "gpu");
  // A word that is none of these leaves the default: `foldperf profile` has refused it already.
  const char* level = std::getenv("FOLDPERF_LEVEL");
  for (const Level one : {Level::light, Level::kernels, Level::full}) {
    if (level != nullptr && std::string_view(level) == name_of(one)) settings.level = one;
  }
  const char* graphs = std::getenv("FOLDPERF_GRAPHS");
  if (graphs != nullptr && std::string_view(graphs) == name_of(GraphMode::graph)) settings.graphs = GraphMode::graph;
  read_plan(settings);
  read_counters(settings);
  if (const char* bytes = std::getenv("FOLDPERF_BUFFER_BYTES")) {
    char* end = nullptr;
    const unsigned long long value = std::strtoull(bytes, &end, 10);
    if (end != bytes && *end == '\0' && value >= smallest_buffer && value <= largest_buffer) {
      settings.buffer_bytes = static_cast<std::size_t>(value);
    }
  }
  return settings;
}

}  // namespace foldperf::collectors

#include "collectors/session/settings.hpp"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string_view>

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

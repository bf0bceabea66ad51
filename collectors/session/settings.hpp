// What the environment tells the collector (docs/collectors.md lists the variables for users).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace foldperf::collectors {

struct Settings {
  std::string output_folder;                        // FOLDPERF_OUTPUT_DIR, absolute
  std::string run_id;                               // FOLDPERF_RUN_ID, may be empty
  bool nvtx = true;                                 // FOLDPERF_COLLECT names it
  std::size_t buffer_bytes = std::size_t{4} << 20;  // FOLDPERF_BUFFER_BYTES: ring of each thread
};

// nullopt where nothing is to be collected: no output folder is named.
std::optional<Settings> read_settings();

// Whether a comma-separated list holds a word; an absent or empty list holds every word.
bool list_names(const char* list, const char* word);

}  // namespace foldperf::collectors

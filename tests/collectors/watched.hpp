// Runs programs under the collector and reads what it wrote.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "tests/support/process.hpp"

namespace foldperf::testing {

inline std::string collector_library() { return program("libfoldperf_collector.so"); }
inline std::string nvtx_program() { return FOLDPERF_NVTX_PROGRAM; }

inline ProcessOptions watched(const std::filesystem::path& folder, std::map<std::string, std::string> more = {}) {
  more["NVTX_INJECTION64_PATH"] = collector_library();
  more["FOLDPERF_OUTPUT_DIR"] = folder.string();
#ifdef FOLDPERF_SANITIZED
  // The leak checker stops all threads at exit, and complains in a forked child that it cannot stop the parent's.
  const char* options = std::getenv("ASAN_OPTIONS");
  // The thread sanitizer refuses threads in a forked child, which the collector starts.
  more["TSAN_OPTIONS"] = "die_after_fork=0";
  more["ASAN_OPTIONS"] = (options == nullptr ? std::string() : std::string(options) + ":") + "detect_leaks=0";
#endif
  return {std::move(more), {}};
}

inline std::vector<std::string> files_in(const std::filesystem::path& folder) {
  return database::process_files(folder.string());
}

// The result of one query as lines, columns separated by '|'; NULL is "-".
inline std::vector<std::string> query(const std::string& path, const std::string& sql) {
  const database::RunReader reader(path);
  std::vector<std::string> lines;
  reader.query(sql, {}, [&lines](const database::QueryRow& row) {
    std::string line;
    for (int i = 0; i < row.columns(); ++i) {
      if (i > 0) line += '|';
      line += row.is_null(i) ? "-" : std::string(row.text(i));
    }
    lines.push_back(line);
    return true;
  });
  return lines;
}

// Text of an event, whether it is in the row or in StringIds.
inline const std::string event_text = "COALESCE(e.text,(SELECT value FROM StringIds WHERE id=e.textId))";

}  // namespace foldperf::testing

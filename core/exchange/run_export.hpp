// A run database as other tools read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace foldperf::exchange {

struct ExportOptions {
  // Events that touch this part of the run: ns from its start. Of steps: from the first one's start to the last one's
  // end, on each rank, from step A to step B.
  std::optional<std::int64_t> from_ns{}, to_ns{};
  std::optional<std::pair<std::int64_t, std::int64_t>> steps{};
};

// Trace Event Format, which Perfetto and chrome://tracing show: a process a rank, a thread a thread or stream; times in
// µs. Compressed where `output` ends in .gz. Streams: memory does not grow with the run. Gives the events written.
// Throws InputError (no run, or it has no such steps), SystemError (cannot be written).
std::int64_t export_chrome(const std::string& run, const std::string& output, const ExportOptions& options = {});

// A table or view of the run (docs/run-database.md) as RFC 4180's CSV with a line of names; NULL is empty. Gives the
// rows written. Throws UsageError where there is no such table, with those that there are.
std::int64_t export_csv(const std::string& run, const std::string& output, const std::string& table);

}  // namespace foldperf::exchange

// Writes the run database of one process. The collector holds one RunWriter.
//
// Thread safety: add(), status() and close() may be called from any thread. add() copies the record into a bounded
// buffer (one short lock on one of several shards, no allocation once the buffers have grown) and returns; a thread of
// the writer's own, in which all signals are blocked, does the rest and commits at least every `commit_interval`, so
// that a process that is killed leaves a file that lacks at most its last second.
//
// Only the constructor throws. Whatever goes wrong later (disk full, file removed) is counted and told by status().
// Records that are told once and that others need (names of domains and categories, communicators, GPUs) are tried
// again until they are in the file. A mark in the NVTX domain "foldperf" whose text is a fact in JSON (core/facts),
// whatever its category, is also written as a row of steps, batches, metrics or workloads; so is one in the default
// domain behind the prefix "foldperf:".
//
// A forked child inherits no thread: there, close() and the destructor do nothing, and add() must not be called.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/records/records.hpp"

namespace foldperf::database {

// The row of `ranks`, and what names the process. unknown_rank: the process has none.
inline constexpr int unknown_rank = -1;
struct ProcessInfo {
  int rank = unknown_rank;
  std::optional<int> world_size;
  std::string host;
  std::int64_t pid = 0;
  std::string command;
  std::string working_directory;
  std::int64_t start_utc_ns = 0;  // all times of records count from here
  std::string cpu_model;
  int cpu_count = 0;
  std::int64_t memory_bytes = 0;
  std::string os;
  std::string level;       // of what is recorded: light, kernels, full; empty: unknown
  std::string graph_mode;  // node or graph; empty: unknown
};

// This process, this machine, now; rank and world size from RANK, WORLD_SIZE or the variables of Slurm and Open MPI.
ProcessInfo this_process();

// "rank0-host-1234-1712345678901234.foldperf" (rank, host, pid, start in µs; rank "x" where there is none): unlike for
// every process of a run.
std::string process_file_name(const ProcessInfo& process);

enum class WhenFull { drop, block };  // drop: count the record as dropped; block: wait for the writer's thread

struct WriterOptions {
  std::size_t queue_bytes = std::size_t{64} << 20;
  WhenFull when_full = WhenFull::drop;
  std::chrono::milliseconds commit_interval{300};
  // A transaction that lasts longer is committed and another begun: what is not committed is lost when we are killed,
  // and pause() waits for the end of one.
  std::chrono::milliseconds longest_transaction{200};
  // Events that ended longer ago are taken out of the file again, at each commit. 0: none.
  std::chrono::nanoseconds keep{0};
};

// Of the ranges open at a commit, at most so many are written, and so many bytes of their texts: they are written again
// at every commit. How many of a killed process are missing is in its dropped_records.
inline constexpr std::size_t open_ranges_limit = 10'000;
inline constexpr std::size_t open_texts_limit_bytes = std::size_t{4} << 20;

struct DroppedCount {
  records::Kind kind;
  std::string reason;
  std::uint64_t count;
};

struct WriterStatus {
  bool healthy = true;        // false: the last write failed
  std::string error;          // the latest failure, in one line; empty when there was none
  std::uint64_t added = 0;    // records taken by add()
  std::uint64_t written = 0;  // of these: committed to the file
  std::vector<DroppedCount> dropped;
  [[nodiscard]] std::uint64_t dropped_total() const;
};

class RunWriter {
 public:
  // Called on the writer's thread before each commit: hands over the ranges open at this moment (end_ns empty).
  // They replace those of the commit before, so that a killed process' last ranges are known. Must not throw.
  using Sink = std::function<void(const records::NvtxRecord&)>;
  using OpenRangesSource = std::function<void(const Sink&)>;

  // Creates the file. Throws SystemError where that is not possible or the file exists.
  RunWriter(const std::string& path, const ProcessInfo& process, const WriterOptions& options = {},
            OpenRangesSource source = {});
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  // False when the record was dropped. R is one of records::*Record.
  template <class R>
  bool add(const R& record) noexcept;

  // Counts records that a collector itself could not keep (CUPTI's own dropped records, say). `reason` must live as
  // long as the program: a literal.
  void count_dropped(records::Kind kind, const char* reason, std::uint64_t count) noexcept;

  // Waits for a call of the present source to return: never under a lock that the source takes.
  void set_open_ranges_source(OpenRangesSource source);

  // Asks for a commit now and waits for it, at most `timeout`. False: not done within it.
  bool flush(std::chrono::milliseconds timeout) noexcept;

  // Around fork(), by one thread: when pause() returns, the writer's thread is outside SQLite, whose process-wide locks
  // a child would otherwise inherit as locked, and stays outside until resume(). Waits for the end of a transaction, at
  // most. Must not be called from the source above.
  void pause() noexcept;
  void resume() noexcept;

  // Writes what is queued, marks the process as finished and closes the file. Later calls do nothing; later records
  // are counted as dropped.
  void close() noexcept;

  [[nodiscard]] WriterStatus status() const;
  [[nodiscard]] const std::string& path() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foldperf::database

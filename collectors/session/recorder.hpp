// The consumer of a process: empties the threads' rings, makes records of their events and hands them to the run
// database. The file is created when there is a first event to write.
//
// Thread safety: one thread at a time calls (the session locks). The database writer's own thread, too, asks for the
// open ranges: that is what the recorder's lock is for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/buffer/thread_buffer.hpp"
#include "collectors/names/names.hpp"
#include "collectors/session/graph_nodes.hpp"
#include "collectors/session/range_matcher.hpp"
#include "collectors/session/recording_windows.hpp"
#include "collectors/session/settings.hpp"
#include "collectors/session/source.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {

class Recorder {
 public:
  // Events are stamped by monotonic_ns(); `start_ns` of that clock is `start_utc_ns`, the zero of the file's times.
  Recorder(const Settings& settings, RecordingWindows& windows, std::int64_t start_ns, std::int64_t start_utc_ns);

  // Everything that is in the rings. Buffers whose thread has ended and that are empty are freed and leave `buffers`.
  // Never throws: what fails is counted.
  void drain(std::vector<std::shared_ptr<ThreadBuffer>>& buffers) noexcept;

  // A file, though no ring holds an event.
  void want_file() noexcept;
  // Null: there is no file yet.
  [[nodiscard]] database::RunWriter* writer() const noexcept { return writer_.get(); }
  [[nodiscard]] TimeBase time() const noexcept { return {start_ns_, start_utc_ns_}; }

  // Records the ranges that are still open and marks the process as finished in its file, if it has one. Call drain()
  // first; nothing may follow.
  void close() noexcept;

  // Around fork(): between the two, no thread of the recorder or the writer is inside SQLite or holds a lock.
  void pause_for_fork() noexcept;
  void resume_after_fork() noexcept;

 private:
  struct ThreadRecord {
    RangeMatcher::ThreadState state;
    std::array<std::uint64_t, event_kinds> dropped{};
    std::uint64_t pushes_too_deep = 0;
  };

  bool open_file();
  void drain_one(ThreadBuffer& buffer);
  void read_names();
  std::string_view text_of(const EventView& event);
  void count_dropped(const ThreadBuffer& buffer, ThreadRecord& thread);
  void write(const records::NvtxRecord& record);
  [[nodiscard]] bool to_be_kept(const records::NvtxRecord& record) const;
  void visit_open_ranges(const database::RunWriter::Sink& sink);

  const Settings settings_;
  RecordingWindows& windows_;
  const std::int64_t start_ns_;
  const std::int64_t start_utc_ns_;
  std::mutex mutex_;
  RangeMatcher matcher_;
  GraphNodes graph_nodes_;
  std::unordered_map<const ThreadBuffer*, ThreadRecord> threads_;
  Names::Cursor names_read_;
  std::vector<std::string> strings_;  // registered, by index, valid UTF-8
  std::string scratch_;
  std::string scratch_binary_;
  std::uint64_t ends_without_start_reported_ = 0;

  // Where no file could be created: when to try again, and what was lost meanwhile.
  std::int64_t next_try_ns_ = 0;
  std::uint64_t lost_without_file_ = 0;

  std::string final_path_;  // where the file goes at the end; empty: it is there already
  std::unique_ptr<database::RunWriter> writer_;
};

}  // namespace foldperf::collectors

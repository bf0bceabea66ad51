// The collector of one process: its threads' buffers, its thread that empties them, its end and its forks.
//
// It lives for as long as the process and is never destroyed: programs call NVTX in their own destructors. Nothing here
// throws, prints, or touches the program's signals; every signal is blocked in the collector's thread.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collectors/buffer/thread_buffer.hpp"
#include "collectors/session/clock_watch.hpp"
#include "collectors/session/recorder.hpp"
#include "collectors/session/recording_plan.hpp"
#include "collectors/session/recording_windows.hpp"
#include "collectors/session/settings.hpp"
#include "collectors/session/source.hpp"

namespace foldperf::collectors {

class Session {
 public:
  static Session& instance();

  // Reads the environment, once a process. The settings in force, or null where nothing is to be collected.
  const Settings* start() noexcept;

  // A buffer for the calling thread, which has none; null after close(), or where there is no memory. The first event
  // of a process starts the collector's thread.
  ThreadBuffer* new_buffer() noexcept;

  // A door or sampler, to be emptied with the rings for as long as the process lives; at any time. False: no room.
  bool add_source(Source* source) noexcept;

  // The collector's thread and, soon, its file, though no NVTX event has come. False where nothing is to be collected,
  // after close(), or where no thread could be made.
  bool ensure_running() noexcept;

  // Whether events are to be kept now: one load.
  [[nodiscard]] bool recording() const noexcept { return recording_.load(std::memory_order_relaxed); }
  // From now on, and why ("control", "steps"; a literal): told in the file's `windows`. Doors go on listening: what a
  // later window needs of earlier times (ranges that were open when a graph was captured) is known, and what was not to
  // be recorded is left out where records are made.
  void set_recording(bool on, const char* reason) noexcept;
  // What the settings say of windows; the doors tell it of ranges where it watches them.
  [[nodiscard]] RecordingPlan& plan() noexcept { return plan_; }
  [[nodiscard]] RecordingWindows& windows() noexcept { return windows_; }

  // Wakes the collector's thread, where it is not awake already.
  void wake() noexcept;

  // What the rings and sources hold now, on the calling thread: at the end of the process, before close().
  void drain_now() noexcept;

  // Writes what the rings hold and finishes the file. Later events are ignored.
  void close() noexcept;

  // pthread_atfork: the child has no file, no thread and no buffers until its own first event.
  void before_fork() noexcept;
  void after_fork_in_parent() noexcept;
  void after_fork_in_child() noexcept;

 private:
  static constexpr std::size_t most_sources = 16;
  enum class State { idle, running, closed };

  Session() = default;
  void begin_plan();
  void change_recording(bool on, std::int64_t at_ns, const char* reason) noexcept;  // under the plan's lock
  bool start_thread();
  void drain_sources(Recorder& recorder) noexcept;
  void tell_plan(database::RunWriter& writer) noexcept;
  void run() noexcept;
  void drain() noexcept;

  std::optional<Settings> settings_;
  bool started_ = false;
  std::int64_t utc_offset_ns_ = 0;
  std::int64_t start_ns_ = 0;
  pthread_key_t key_{};

  std::mutex mutex_;  // of what follows
  State state_ = State::idle;
  pid_t pid_ = 0;  // of the process that runs the thread
  std::vector<std::shared_ptr<ThreadBuffer>> buffers_;
  std::unique_ptr<Recorder> recorder_;
  std::array<Source*, most_sources> sources_{};
  std::atomic<std::size_t> source_count_{0};  // read without the lock: sources are added, never removed
  bool file_wanted_ = false;

  std::atomic<bool> recording_{true};
  RecordingPlan plan_;
  std::string plan_told_;  // under drain_mutex_
  RecordingWindows windows_;
  ClockWatch clock_watch_;  // under drain_mutex_

  // Taken before drain_mutex_ by those who fork, and by the collector's thread between rounds: under a flood of events
  // that thread takes drain_mutex_ again the moment it gave it back, and a fork that only waited there might wait long.
  std::mutex turnstile_;
  std::mutex drain_mutex_;  // of the recorder, for one who drains; taken before mutex_
  std::vector<std::shared_ptr<ThreadBuffer>> draining_;

  std::atomic<std::uint32_t> awake_{0};
};

extern constinit thread_local ThreadBuffer* this_threads_buffer;

// The calling thread's buffer, null where it cannot have one.
inline ThreadBuffer* thread_buffer() noexcept {
  ThreadBuffer* buffer = this_threads_buffer;
  return buffer != nullptr ? buffer : Session::instance().new_buffer();
}

}  // namespace foldperf::collectors

// The times in which events were recorded, where that was not always: rows of `windows`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

#include "collectors/session/source.hpp"

namespace foldperf::collectors {

// Thread-safe. Times are monotonic_ns().
class RecordingWindows {
 public:
  // That are kept: an event that comes to be judged after so many later windows is left out.
  static constexpr std::size_t most_kept = std::size_t{1} << 16;

  // reason: a literal. The same state again changes nothing.
  void set(bool on, std::int64_t now_ns, const char* reason) noexcept;
  // Writes what is new: a window when it begins, and again, with its end, when it ends.
  void tell(database::RunWriter& writer, const TimeBase& time) noexcept;
  void finish(database::RunWriter& writer, const TimeBase& time, std::int64_t now_ns) noexcept;

  // Around fork(); restart() in the child, whose windows begin anew.
  void lock() noexcept { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }
  void restart(bool on, std::int64_t now_ns) noexcept;

  // Whether an event of this time was to be recorded. A time after the last change is judged by the state now.
  [[nodiscard]] bool holds(std::int64_t at_ns) noexcept;
  // A node of a graph was made: the ranges open now, of any thread, say where its kernels belong in windows to come.
  void node_made(std::int64_t at_ns) noexcept { latest_node_ns_.store(at_ns, std::memory_order_relaxed); }
  [[nodiscard]] bool node_made_since(std::int64_t start_ns) const noexcept {
    return latest_node_ns_.load(std::memory_order_relaxed) >= start_ns;
  }
  // The state changed at least once, or was off from the beginning: else holds() is always true.
  [[nodiscard]] bool any() noexcept;

 private:
  struct Window {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;  // 0: open
    const char* reason = "start";
    bool start_told = false;
  };

  std::atomic<std::int64_t> latest_node_ns_{-1};
  std::mutex mutex_;
  bool on_ = true;
  bool limited_ = false;       // false: everything so far was recorded, and no row is needed
  std::int64_t began_ns_ = 0;  // of the window that the process began with; 0: the file's zero
  std::size_t untold_ = 0;     // all before are in the file with their ends
  std::deque<Window> windows_;
};

}  // namespace foldperf::collectors

// The times in which events were recorded, where that was not always: rows of `windows`.
#pragma once

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
  // The state changed at least once, or was off from the beginning: else holds() is always true.
  [[nodiscard]] bool any() noexcept;

 private:
  struct Window {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;  // 0: open
    const char* reason = "start";
    bool start_told = false;
  };

  std::mutex mutex_;
  bool on_ = true;
  bool limited_ = false;       // false: everything so far was recorded, and no row is needed
  std::int64_t began_ns_ = 0;  // of the window that the process began with; 0: the file's zero
  std::size_t untold_ = 0;     // all before are in the file with their ends
  std::deque<Window> windows_;
};

}  // namespace foldperf::collectors

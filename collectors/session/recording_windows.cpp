#include "collectors/session/recording_windows.hpp"

#include <exception>
#include <limits>

#include "core/database/writer.hpp"

namespace foldperf::collectors {

void RecordingWindows::set(bool on, std::int64_t now_ns, const char* reason) noexcept {
  const std::lock_guard lock(mutex_);
  if (on == on_) return;
  try {
    if (!limited_) windows_.push_back({began_ns_, 0, "start", false});
    limited_ = true;
    if (on) {
      windows_.push_back({now_ns, 0, reason, false});
    } else if (!windows_.empty()) {
      windows_.back().end_ns = now_ns;
    }
    on_ = on;
  } catch (const std::exception&) {
    // No memory: the state stays what it was, and so does the program's.
  }
}

void RecordingWindows::tell(database::RunWriter& writer, const TimeBase& time) noexcept {
  const std::lock_guard lock(mutex_);
  while (windows_.size() > most_kept && untold_ > 0) {
    windows_.pop_front();
    --untold_;
  }
  for (; untold_ < windows_.size(); ++untold_) {
    Window& window = windows_[untold_];
    const bool ended = window.end_ns != 0;
    if (window.start_told && !ended) return;
    records::WindowRecord record;
    record.start_ns = window.start_ns == 0 ? 0 : time.from_mono(window.start_ns);
    if (ended) record.end_ns = time.from_mono(window.end_ns);
    record.reason = window.reason;
    if (!writer.add(record)) return;  // the next round tries again
    window.start_told = true;
    if (!ended) return;
  }
}

void RecordingWindows::finish(database::RunWriter& writer, const TimeBase& time, std::int64_t now_ns) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!windows_.empty() && windows_.back().end_ns == 0) windows_.back().end_ns = now_ns;
  }
  tell(writer, time);
}

void RecordingWindows::restart(bool on, std::int64_t now_ns) noexcept {
  windows_.clear();
  untold_ = 0;
  on_ = on;
  limited_ = !on;
  began_ns_ = now_ns;
}

bool RecordingWindows::any() noexcept {
  const std::lock_guard lock(mutex_);
  return limited_;
}

bool RecordingWindows::holds(std::int64_t at_ns) noexcept {
  const std::lock_guard lock(mutex_);
  if (!limited_) return true;
  for (auto window = windows_.rbegin(); window != windows_.rend(); ++window) {
    if (at_ns < window->start_ns) continue;
    return window->end_ns == 0 || at_ns < window->end_ns;
  }
  return false;
}

}  // namespace foldperf::collectors

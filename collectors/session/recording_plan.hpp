// When events are to be recorded, as the settings say: in some steps, for some seconds, while a range is open.
//
// Decided where NVTX is called, before an event that lies in a window can be judged: the collector's thread reads ring
// after ring and would be late for the first of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/session/window_text.hpp"

namespace foldperf::collectors {

struct PlanSettings {
  std::optional<StepSpan> steps;
  std::string step_range;  // name of the ranges that are steps, `*` for any text; empty: those that are known
  std::optional<std::int64_t> after_ns, for_ns;
  std::optional<std::int64_t> last_ns;  // keep only so much of it
  std::string range;                    // record while one of this name is open
  bool paused = false;                  // record nothing until Session::set_recording() says so
};

// A range as it begins.
struct WatchedRange {
  std::string_view text;
  bool is_step_fact = false;  // of the category `step` in the domain foldperf
  std::optional<std::int64_t> payload;
};

// Thread-safe. Times are monotonic_ns().
class RecordingPlan {
 public:
  // Called with the plan's lock held; reason is a literal.
  using Set = void (*)(void* session, bool on, std::int64_t at_ns, const char* reason);

  // Whether events are to be recorded from the beginning.
  bool begin(const PlanSettings& settings, std::int64_t start_ns, Set change, void* session);
  // Doors need only tell of ranges if so. Does not change after begin().
  [[nodiscard]] bool watches_ranges() const noexcept { return watches_ranges_; }
  // Nothing is left out.
  [[nodiscard]] bool describes_nothing() const noexcept {
    return !watches_ranges_ && !settings_.after_ns && !settings_.for_ns;
  }
  [[nodiscard]] bool watches_steps() const noexcept { return settings_.steps.has_value(); }

  // Of push/pop ranges: depth in the domain, as NVTX counts it, of the calling thread.
  void push(const WatchedRange& range, std::uint32_t domain, int depth, std::int64_t at_ns) noexcept;
  void pop(std::uint32_t domain, int depth, std::int64_t at_ns) noexcept;
  // Of start/end ranges.
  void start(const WatchedRange& range, std::uint64_t id, std::int64_t at_ns) noexcept;
  void end(std::uint64_t id, std::int64_t at_ns) noexcept;
  // What the calling thread left open is closed.
  void thread_ended(std::int64_t at_ns) noexcept;

  // The windows of time; call again and again. Time of the next change, if any is known.
  std::optional<std::int64_t> tick(std::int64_t now_ns) noexcept;

  // For `collectors`; empty where there is no plan.
  [[nodiscard]] std::string describe() noexcept;

  void lock() noexcept { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }
  // In a forked child, locked: nothing is open there. Whether events are to be recorded now.
  bool restart(std::int64_t now_ns) noexcept;

 private:
  // 0: the range decides nothing.
  std::uint64_t opened(const WatchedRange& range, std::int64_t at_ns);
  void closed(std::uint64_t token, std::int64_t at_ns);
  std::uint64_t step_opened(const WatchedRange& range, std::int64_t at_ns);
  void set(bool on, std::int64_t at_ns, const char* reason);

  PlanSettings settings_;
  Set set_ = nullptr;
  void* session_ = nullptr;
  bool watches_ranges_ = false;
  std::atomic<bool> any_started_{false};  // start/end ranges that decide something are open

  std::mutex mutex_;
  bool on_ = true;
  bool was_on_ = false;  // at any time
  std::int64_t from_ns_ = 0, until_ns_ = 0;
  std::map<std::uint64_t, std::uint64_t> started_;  // token by id
  std::uint64_t open_ = 0;                          // ranges of the name
  // The ranges that are taken for steps: of one kind (the better, the smaller) and one thread.
  std::size_t kind_ = SIZE_MAX;
  const void* thread_ = nullptr;
  std::uint64_t step_token_ = 0;  // of the step that is open
  std::uint64_t last_token_ = 0;
  std::int64_t step_ = -1;
};

}  // namespace foldperf::collectors

#include "collectors/session/recording_plan.hpp"

#include <array>
#include <exception>

#include "core/facts/step_names.hpp"

namespace foldperf::collectors {
namespace {

// The calling thread's open ranges that decide something. Of more, the inner ones would decide nothing new.
struct ThreadRanges {
  struct Open {
    std::uint32_t domain = 0;
    int depth = 0;
    std::uint64_t token = 0;
  };
  std::array<Open, 16> open{};
  std::size_t count = 0;
};
constinit thread_local ThreadRanges this_threads_ranges;

constexpr std::size_t most_started = 4096;

std::string seconds(std::int64_t ns) {
  std::string text = std::to_string(static_cast<double>(ns) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

bool RecordingPlan::begin(const PlanSettings& settings, std::int64_t start_ns, Set change, void* session) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  set_ = change;
  session_ = session;
  watches_ranges_ = settings_.steps.has_value() || !settings_.range.empty();
  from_ns_ = start_ns + settings_.after_ns.value_or(0);
  until_ns_ = settings_.for_ns ? from_ns_ + *settings_.for_ns : std::numeric_limits<std::int64_t>::max();
  on_ = !watches_ranges_ && settings_.after_ns.value_or(0) == 0 && !settings_.paused;
  was_on_ = on_;
  return on_;
}

void RecordingPlan::set(bool on, std::int64_t at_ns, const char* reason) {
  if (on == on_) return;
  on_ = on;
  was_on_ = was_on_ || on;
  set_(session_, on, at_ns, reason);
}

std::uint64_t RecordingPlan::opened(const WatchedRange& range, std::int64_t at_ns) {
  if (settings_.steps) return step_opened(range, at_ns);
  if (!facts::name_matches(settings_.range, range.text)) return 0;
  if (++open_ == 1) set(true, at_ns, "range");
  return ++last_token_;
}

std::uint64_t RecordingPlan::step_opened(const WatchedRange& range, std::int64_t at_ns) {
  std::size_t kind = SIZE_MAX;
  if (!settings_.step_range.empty()) {
    if (facts::name_matches(settings_.step_range, range.text)) kind = 0;
  } else if (range.is_step_fact) {
    kind = 0;
  } else {
    const auto& names = facts::known_step_names();
    for (std::size_t i = 0; i < names.size() && kind == SIZE_MAX; ++i) {
      if (facts::name_matches(names[i], range.text)) kind = i + 1;
    }
  }
  if (kind == SIZE_MAX) return 0;
  if (kind < kind_ && !was_on_) {
    kind_ = kind;
    thread_ = &this_threads_ranges;
    step_token_ = 0;
    step_ = -1;
  }
  // One step at a time, of one thread: a range of the same name inside it is no other step.
  if (kind != kind_ || thread_ != &this_threads_ranges || step_token_ != 0) return 0;
  step_ = range.payload.value_or(step_ + 1);
  step_token_ = ++last_token_;
  set(step_ >= settings_.steps->first && step_ < settings_.steps->end, at_ns, "steps");
  return step_token_;
}

void RecordingPlan::closed(std::uint64_t token, std::int64_t at_ns) {
  if (settings_.steps) {
    if (token != step_token_) return;
    step_token_ = 0;
    if (step_ + 1 >= settings_.steps->end) set(false, at_ns, "steps");
  } else if (--open_ == 0) {
    set(false, at_ns, "range");
  }
}

void RecordingPlan::push(const WatchedRange& range, std::uint32_t domain, int depth, std::int64_t at_ns) noexcept {
  ThreadRanges& mine = this_threads_ranges;
  if (depth < 0 || mine.count == mine.open.size()) return;
  const std::lock_guard lock(mutex_);
  const std::uint64_t token = opened(range, at_ns);
  if (token != 0) mine.open[mine.count++] = {domain, depth, token};
}

void RecordingPlan::pop(std::uint32_t domain, int depth, std::int64_t at_ns) noexcept {
  ThreadRanges& mine = this_threads_ranges;
  for (std::size_t i = mine.count; i-- > 0;) {
    if (mine.open[i].domain != domain || mine.open[i].depth != depth) continue;
    const std::uint64_t token = mine.open[i].token;
    for (std::size_t next = i + 1; next < mine.count; ++next) mine.open[next - 1] = mine.open[next];
    --mine.count;
    const std::lock_guard lock(mutex_);
    return closed(token, at_ns);
  }
}

void RecordingPlan::start(const WatchedRange& range, std::uint64_t id, std::int64_t at_ns) noexcept try {
  const std::lock_guard lock(mutex_);
  if (started_.size() == most_started) return;
  std::uint64_t& place = started_[id];
  place = opened(range, at_ns);
  if (place == 0) started_.erase(id);
  any_started_.store(!started_.empty(), std::memory_order_relaxed);
} catch (const std::exception&) {
  // No memory: the range decides nothing.
}

void RecordingPlan::end(std::uint64_t id, std::int64_t at_ns) noexcept {
  if (!any_started_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  const auto found = started_.find(id);
  if (found == started_.end()) return;
  const std::uint64_t token = found->second;
  started_.erase(found);
  any_started_.store(!started_.empty(), std::memory_order_relaxed);
  closed(token, at_ns);
}

void RecordingPlan::thread_ended(std::int64_t at_ns) noexcept {
  ThreadRanges& mine = this_threads_ranges;
  if (!watches_ranges_) return;
  const std::lock_guard lock(mutex_);
  while (mine.count > 0) closed(mine.open[--mine.count].token, at_ns);
}

std::optional<std::int64_t> RecordingPlan::tick(std::int64_t now_ns) noexcept {
  if (set_ == nullptr || watches_ranges_ || (!settings_.after_ns && !settings_.for_ns)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (!was_on_ && now_ns >= from_ns_) set(true, from_ns_, "after");
  if (on_ && now_ns >= until_ns_) set(false, until_ns_, "after");
  if (!was_on_) return from_ns_;
  if (on_ && settings_.for_ns) return until_ns_;
  return std::nullopt;
}

std::string RecordingPlan::describe() noexcept try {
  const std::lock_guard lock(mutex_);
  std::string text;
  if (settings_.steps) {
    text = "steps from " + std::to_string(settings_.steps->first);
    if (settings_.steps->end != StepSpan{}.end) text += ", before " + std::to_string(settings_.steps->end);
    if (!settings_.step_range.empty()) text += ", ranges " + settings_.step_range;
    if (kind_ == SIZE_MAX)
      text += ": no range that is a step has come yet (--step-range names them)";
    else if (!was_on_)
      text += ": none of these has come yet, the latest is " + std::to_string(step_);
  } else if (!settings_.range.empty()) {
    text = "while a range " + settings_.range + " is open" + (was_on_ ? "" : ": none has come yet");
  } else if (settings_.after_ns || settings_.for_ns) {
    text = "from " + seconds(settings_.after_ns.value_or(0)) + " after the process' first call";
    if (settings_.for_ns) text += ", for " + seconds(*settings_.for_ns);
    if (!was_on_) text += ": not begun yet";
  }
  if (settings_.paused) text = "from `foldperf profile start` on";
  if (settings_.last_ns)
    text += (text.empty() ? "" : "; ") + ("only the last " + seconds(*settings_.last_ns) + " are kept");
  return text;
} catch (const std::exception&) {
  return {};
}

bool RecordingPlan::restart(std::int64_t now_ns) noexcept {
  this_threads_ranges.count = 0;
  started_.clear();
  any_started_.store(false, std::memory_order_relaxed);
  open_ = 0;
  kind_ = SIZE_MAX;
  thread_ = nullptr;
  step_token_ = 0;
  step_ = -1;
  if (watches_ranges_) {
    on_ = false;
    was_on_ = false;
  } else if (settings_.after_ns || settings_.for_ns) {
    on_ = now_ns >= from_ns_ && now_ns < until_ns_;
    was_on_ = now_ns >= from_ns_;
  }
  return on_;
}

}  // namespace foldperf::collectors

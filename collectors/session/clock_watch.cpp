#include "collectors/session/clock_watch.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "collectors/clock.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

std::int64_t read_monotonic() noexcept { return monotonic_ns(); }

std::int64_t read_utc() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

ClockWatch::ClockWatch() noexcept : ClockWatch(read_monotonic, read_utc) {}

void ClockWatch::check(database::RunWriter& writer, const TimeBase& time) noexcept {
  const std::int64_t before = monotonic_();
  if (known_ && before - last_ns_ < interval_ns) return;
  const std::int64_t utc = utc_();
  const std::int64_t after = monotonic_();
  if (after - before > longest_reading_ns) return;  // the next round is not far
  const std::int64_t at = before + (after - before) / 2;
  const std::int64_t offset = utc - at;
  if (known_) {
    const std::int64_t step = offset - offset_ns_;
    const std::int64_t slew = (at - last_ns_) / 1'000'000'000 * slew_per_second_ns;
    if (std::llabs(step) > smallest_step_ns + slew) {
      try {
        tell(writer, time.from_mono(at), step);
      } catch (const std::exception&) {
        // Without memory for a line the step goes untold.
      }
    }
  }
  known_ = true;
  last_ns_ = at;
  offset_ns_ = offset;
}

void ClockWatch::restart() noexcept {
  known_ = false;
  steps_ = 0;
  largest_ns_ = 0;
  listed_.clear();
}

void ClockWatch::tell(database::RunWriter& writer, std::int64_t at_ns, std::int64_t step_ns) {
  ++steps_;
  largest_ns_ = std::max<std::int64_t>(largest_ns_, std::llabs(step_ns));
  char text[100];
  if (steps_ <= most_listed) {
    std::snprintf(text, sizeof text, "%s%.3f ms %s by %.1f s", steps_ == 1 ? "" : ", ",
                  static_cast<double>(std::llabs(step_ns)) * 1e-6, step_ns > 0 ? "forward" : "back",
                  static_cast<double>(at_ns) * 1e-9);
    listed_ += text;
  } else if (steps_ == most_listed + 1) {
    listed_ += ", ...";
  }
  std::snprintf(text, sizeof text,
                "the system's clock was set %lld time%s, by %.3f ms at most: ", static_cast<long long>(steps_),
                steps_ == 1 ? "" : "s", static_cast<double>(largest_ns_) * 1e-6);
  const std::string detail =
      text + listed_ +
      "; from then on times of CUDA, and of this process beside those on other hosts, are off by as much";
  records::CollectorRecord record;
  record.name = "clock";
  record.state = "stepped";
  record.detail = detail;
  writer.add(record);
}

}  // namespace foldperf::collectors

// Tells when the system's clock (CLOCK_REALTIME) is set while a process is recorded. CUPTI stamps its records with it,
// and ranks on other hosts are compared by it: from then on these times are off by the step.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/session/source.hpp"

namespace foldperf::collectors {

class ClockWatch {
 public:
  using Clock = std::int64_t (*)() noexcept;  // ns
  ClockWatch() noexcept;
  ClockWatch(Clock monotonic, Clock utc) noexcept : monotonic_(monotonic), utc_(utc) {}

  // Compares the clocks once a second; steps are a row of `collectors` ("clock", "stepped", how many, the largest, and
  // when the first ones were). One thread at a time.
  void check(database::RunWriter& writer, const TimeBase& time) noexcept;

  // In a forked child, which has a file of its own.
  void restart() noexcept;

 private:
  static constexpr std::int64_t interval_ns = 1'000'000'000;
  static constexpr std::int64_t smallest_step_ns = 1'000'000;
  static constexpr std::int64_t slew_per_second_ns = 500'000;  // the most that NTP changes the rate without a step
  static constexpr std::int64_t longest_reading_ns = 100'000;  // else the thread was away between the clocks
  static constexpr std::int64_t most_listed = 8;

  void tell(database::RunWriter& writer, std::int64_t at_ns, std::int64_t step_ns);

  Clock monotonic_;
  Clock utc_;
  bool known_ = false;          // offset_ns_ is
  std::int64_t last_ns_ = 0;    // monotonic
  std::int64_t offset_ns_ = 0;  // UTC less monotonic, then
  std::int64_t steps_ = 0;
  std::int64_t largest_ns_ = 0;
  std::string listed_;
};

}  // namespace foldperf::collectors

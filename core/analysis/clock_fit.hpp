// Brings the clocks of a run's machines together: a collective ends on all its ranks at almost the same moment, so the
// differences between its ends tell how the clocks differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foldperf::analysis {

// One moment as two clocks give it, in nanoseconds.
struct ClockAnchor {
  std::int64_t time = 0;       // of the clock to be corrected
  std::int64_t reference = 0;  // of the reference
};

// reference = time + offset_ns + time * drift_ppb / 10^9
struct ClockFit {
  std::int64_t offset_ns = 0;    // at time 0
  std::int64_t drift_ppb = 0;    // 0 too where the anchors do not show one
  std::int64_t residual_ns = 0;  // 95th percentile of what the anchors differ by after the correction
  std::int64_t anchors = 0;

  [[nodiscard]] std::int64_t corrected(std::int64_t time) const;
};

inline constexpr std::size_t fewest_clock_anchors = 8;

// Slope: the median over pairs of anchors (Theil 1950, Sen 1968), of at most 1,000 spread evenly over `anchors`;
// offset: the median of what is left, over all. Up to a quarter of the anchors may be wrong. Empty: fewer than
// fewest_clock_anchors.
std::optional<ClockFit> fit_clock(std::vector<ClockAnchor> anchors);

// Of a merged run: corrects all times of the machines other than that of the first rank, and writes clock_fit and
// ranks.clock_residual_ns. To be called before find_steps; a run that has clock_fit is left as it is. A machine that
// shares no collective with the first one is compared with those that are corrected already. All or nothing.
// Returns lines for people: how well the clocks agree, and the machines whose clock could not be compared, whose times
// stay as they are. Of a run on one machine: none.
// Throws InputError (no run database), SystemError (cannot be written).
std::vector<std::string> fit_clocks(const std::string& path);

}  // namespace foldperf::analysis

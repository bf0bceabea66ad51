// How long preparations and the consumer's steps will take, learned from those that there were. Later ones count more,
// so that a training phase with other crops is learned within some hundred samples.
#pragma once

#include <cmath>

namespace foldperf::trainer {

class ExpectedTimes {
 public:
  // `cost` is what was expected, in any unit; what is not above 0 is not counted.
  void count_preparation(double cost, double took_ns) {
    if (!(cost > 0) || !std::isfinite(cost)) return;
    costs_ = memory * costs_ + cost;
    preparations_ns_ = memory * preparations_ns_ + took_ns;
  }
  void count_step(double took_ns) {
    steps_ = memory * steps_ + 1;
    steps_ns_ = memory * steps_ns_ + took_ns;
  }

  // Both were seen.
  [[nodiscard]] bool known() const { return costs_ > 0 && steps_ > 0; }
  // Not a number before anything is known.
  [[nodiscard]] double preparation_ns(double cost) const { return cost * preparations_ns_ / costs_; }
  [[nodiscard]] double step_ns() const { return steps_ns_ / steps_; }

 private:
  static constexpr double memory = 1 - 1.0 / 128;

  double costs_ = 0, preparations_ns_ = 0;
  double steps_ = 0, steps_ns_ = 0;
};

}  // namespace foldperf::trainer

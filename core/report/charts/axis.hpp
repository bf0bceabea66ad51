// A numeric axis: round tick values and where they stand.
#pragma once

#include <vector>

namespace foldperf::report {

class Axis {
 public:
  // Covers [low, high] of the data and maps it to [from, to] in a picture. Round limits; a linear axis that is asked to
  // starts at zero. Limits that are equal or not finite give an axis around them that still works.
  static Axis linear(double low, double high, double from, double to, bool from_zero = false, int ticks = 5);
  // Decades; both limits above zero.
  static Axis logarithmic(double low, double high, double from, double to);

  [[nodiscard]] double at(double value) const;  // clamped to the axis
  [[nodiscard]] const std::vector<double>& ticks() const { return ticks_; }
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

 private:
  double low_ = 0;
  double high_ = 1;
  double from_ = 0;
  double to_ = 1;
  bool logarithmic_ = false;
  std::vector<double> ticks_;
};

// The largest of 1, 2, 2.5, 5 times a power of ten that is not above `value` (> 0), rounded up to the next such number.
double round_step(double value);

}  // namespace foldperf::report

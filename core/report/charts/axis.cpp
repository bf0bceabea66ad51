#include "core/report/charts/axis.hpp"

#include <algorithm>
#include <cmath>

namespace foldperf::report {

double round_step(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (value <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

Axis Axis::linear(double low, double high, double from, double to, bool from_zero, int ticks) {
  Axis axis;
  axis.from_ = from;
  axis.to_ = to;
  if (!std::isfinite(low) || !std::isfinite(high) || high < low) low = 0, high = 1;
  if (from_zero) low = std::min(low, 0.0), high = std::max(high, 0.0);
  if (high - low <= std::max(std::abs(low), std::abs(high)) * 1e-12) {
    const double room = low == 0 ? 1 : std::abs(low) * 0.5;
    if (!from_zero) low -= room;
    high += room;
  }
  const double step = round_step((high - low) / ticks);
  axis.low_ = std::floor(low / step + 1e-9) * step;
  axis.high_ = std::ceil(high / step - 1e-9) * step;
  const auto count = static_cast<int>(std::lround((axis.high_ - axis.low_) / step));
  for (int i = 0; i <= count; ++i) {
    const double tick = axis.low_ + i * step;
    axis.ticks_.push_back(std::abs(tick) < step * 1e-9 ? 0 : tick);
  }
  return axis;
}

Axis Axis::logarithmic(double low, double high, double from, double to) {
  if (!(low > 0) || !std::isfinite(high) || high < low) return linear(low, high, from, to);
  Axis axis;
  axis.from_ = from;
  axis.to_ = to;
  axis.logarithmic_ = true;
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const int last = std::max(first + 1, static_cast<int>(std::ceil(std::log10(high) - 1e-9)));
  const int every = 1 + (last - first) / 8;
  for (int decade = first; decade <= last; decade += every) axis.ticks_.push_back(std::pow(10.0, decade));
  axis.low_ = std::pow(10.0, first);
  axis.high_ = std::pow(10.0, last);
  return axis;
}

double Axis::at(double value) const {
  value = std::clamp(value, low_, high_);
  const double part = logarithmic_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
  return from_ + part * (to_ - from_);
}

}  // namespace foldperf::report

// Order statistics of a sample of durations or values.
#pragma once

#include <cstddef>
#include <vector>

namespace foldperf::analysis {

struct Summary {
  std::size_t count = 0;
  double sum = 0;
  double mean = 0;
  double min = 0;
  double p10 = 0;
  double median = 0;
  double p90 = 0;
  double max = 0;
};

// Percentile with linear interpolation between the two nearest ranks (Hyndman and Fan's type 7, NumPy's default).
// `sorted` ascending and not empty; `fraction` in [0, 1].
double percentile(const std::vector<double>& sorted, double fraction);

// All zero for an empty sample. Takes the sample by value because it sorts it.
Summary summarize(std::vector<double> sample);

}  // namespace foldperf::analysis

// Counters of one GPU, sampled by its performance monitors at a fixed interval while kernels run on: nothing is
// replayed or serialised, so collectives keep their partners. (CUPTI's PM sampling; Ampere GA10x, Ada, Hopper and
// later.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/counters/chip_metrics.hpp"
#include "collectors/counters/pm_api.hpp"

namespace foldperf::collectors {

struct CounterSample {
  std::int64_t start_ns = 0;  // CUPTI's clock: UTC
  std::int64_t end_ns = 0;
  const std::vector<double>* values = nullptr;  // one a metric, valid during the call
};

class PmSampler {
 public:
  struct Metrics {
    std::vector<std::string> names;  // as CUPTI knows them
    bool those_that_fit = false;     // of them, the first that fit one pass together; else all must
  };
  // Null where the GPU, the driver's settings (counters for administrators only) or another profiler forbid it:
  // `why_not` says so.
  static std::unique_ptr<PmSampler> open(const PmApi& api, std::size_t device, const Metrics& metrics,
                                         std::int64_t interval_ns, std::string& why_not);
  PmSampler(const PmSampler&) = delete;
  PmSampler& operator=(const PmSampler&) = delete;
  ~PmSampler();

  // In the order of a sample's values.
  [[nodiscard]] const std::vector<std::string>& metrics() const { return metrics_; }
  [[nodiscard]] const std::vector<std::string>& left_out() const { return left_out_; }
  // Hands over the samples since the last call, in order. The hardware's buffer holds some seconds; where it ran over,
  // what was lost is not known: `overflows` counts how often.
  void read(const std::function<void(const CounterSample&)>& sink);
  [[nodiscard]] std::uint64_t overflows() const { return overflows_; }
  // Empty, or why sampling ended.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  explicit PmSampler(const PmApi& api) : api_(api) {}
  bool configure(std::size_t device, const Metrics& metrics, std::int64_t interval_ns, std::string& why_not);
  bool clear_data();
  bool succeeds(CUptiResult result, const char* what, std::string& why_not) const;

  PmApi api_;
  std::vector<std::string> metrics_, left_out_;
  std::vector<const char*> names_;
  std::vector<std::uint8_t> data_;
  std::vector<double> values_;
  std::optional<ChipMetrics> chip_;
  CUpti_PmSampling_Object* sampling_ = nullptr;
  bool started_ = false;
  bool first_ = true;
  std::uint64_t overflows_ = 0;
  std::string failure_;
};

}  // namespace foldperf::collectors

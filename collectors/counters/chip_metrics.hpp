// What a chip can count at once: which metrics it has, and whether they fit one pass. Asks CUPTI's library alone, so
// that it needs no GPU where the chip is known by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "collectors/counters/pm_api.hpp"

namespace foldperf::collectors {

class ChipMetrics {
 public:
  // chip: "GH100". availability: what the driver leaves of the chip's counters; empty: all.
  ChipMetrics(const PmApi& api, std::string chip, std::vector<std::uint8_t> availability = {});
  ~ChipMetrics();
  ChipMetrics(const ChipMetrics&) = delete;
  ChipMetrics& operator=(const ChipMetrics&) = delete;

  // All of them together. False: `why_not` names the metric that the chip lacks, or says what CUPTI refused.
  bool configure(const std::vector<std::string>& metrics, std::string& why_not);
  // Of what was configured last.
  [[nodiscard]] std::size_t passes() const { return passes_; }
  [[nodiscard]] const std::vector<std::uint8_t>& configuration() const { return configuration_; }
  [[nodiscard]] CUpti_Profiler_Host_Object* host() const { return host_; }

  // Those of `wanted` that fit one pass together, the first ones first; the others are appended to `left_out`.
  std::vector<std::string> that_fit(const std::vector<std::string>& wanted, std::vector<std::string>& left_out);

 private:
  bool add(const std::vector<std::string>& metrics, std::string& why_not);
  bool start_host(std::string& why_not);
  void release_host();

  const PmApi& api_;
  std::string chip_;
  std::vector<std::uint8_t> availability_;
  CUpti_Profiler_Host_Object* host_ = nullptr;
  std::vector<std::uint8_t> configuration_;
  std::size_t passes_ = 0;
};

}  // namespace foldperf::collectors

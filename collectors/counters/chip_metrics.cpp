#include "collectors/counters/chip_metrics.hpp"

#include <utility>

#include "collectors/counters/parameters.hpp"

namespace foldperf::collectors {

ChipMetrics::ChipMetrics(const PmApi& api, std::string chip, std::vector<std::uint8_t> availability)
    : api_(api), chip_(std::move(chip)), availability_(std::move(availability)) {}

ChipMetrics::~ChipMetrics() { release_host(); }

bool ChipMetrics::start_host(std::string& why_not) {
  release_host();
  auto host = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_Initialize_Params);
  host.profilerType = CUPTI_PROFILER_TYPE_PM_SAMPLING;
  host.pChipName = chip_.c_str();
  host.pCounterAvailabilityImage = availability_.empty() ? nullptr : availability_.data();
  const CUptiResult result = api_.host_initialize(&host);
  if (result != CUPTI_SUCCESS) {
    why_not = "metrics of the chip: " + api_.text(result);
    return false;
  }
  host_ = host.pHostObject;
  return true;
}

// In one call: metrics that are added by several take a pass each.
bool ChipMetrics::add(const std::vector<std::string>& metrics, std::string& why_not) {
  if (!start_host(why_not)) return false;
  std::vector<const char*> names;
  for (const std::string& metric : metrics) names.push_back(metric.c_str());
  auto add = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_ConfigAddMetrics_Params);
  add.pHostObject = host_;
  add.ppMetricNames = names.data();
  add.numMetrics = names.size();
  const CUptiResult result = api_.add_metrics(&add);
  if (result == CUPTI_SUCCESS) return true;
  why_not = (metrics.size() == 1 ? metrics[0] : std::string("metrics")) + ": " + api_.text(result);
  return false;
}

bool ChipMetrics::configure(const std::vector<std::string>& metrics, std::string& why_not) {
  if (!add(metrics, why_not)) {
    // One after the other, so that the message names the metric.
    for (std::size_t i = 0; metrics.size() > 1 && i < metrics.size(); ++i) {
      if (!add({metrics[i]}, why_not)) break;
    }
    return false;
  }
  auto size = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_GetConfigImageSize_Params);
  size.pHostObject = host_;
  CUptiResult result = api_.config_size(&size);
  auto image = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_GetConfigImage_Params);
  if (result == CUPTI_SUCCESS) {
    configuration_.assign(size.configImageSize, 0);
    image.pHostObject = host_;
    image.configImageSize = configuration_.size();
    image.pConfigImage = configuration_.data();
    result = api_.config(&image);
  }
  auto count = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_GetNumOfPasses_Params);
  if (result == CUPTI_SUCCESS) {
    count.configImageSize = configuration_.size();
    count.pConfigImage = configuration_.data();
    result = api_.passes(&count);
  }
  if (result != CUPTI_SUCCESS) {
    why_not = "configuration: " + api_.text(result);
    return false;
  }
  passes_ = count.numOfPasses;
  return true;
}

std::vector<std::string> ChipMetrics::that_fit(const std::vector<std::string>& wanted,
                                               std::vector<std::string>& left_out) {
  std::vector<std::string> chosen;
  std::string ignored;
  if (configure(wanted, ignored) && passes_ == 1) return wanted;
  for (const std::string& metric : wanted) {
    chosen.push_back(metric);
    if (configure(chosen, ignored) && passes_ == 1) continue;
    chosen.pop_back();
    left_out.push_back(metric);
  }
  return chosen;
}

void ChipMetrics::release_host() {
  if (host_ == nullptr) return;
  auto release = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_Deinitialize_Params);
  release.pHostObject = host_;
  api_.host_deinitialize(&release);
  host_ = nullptr;
}

}  // namespace foldperf::collectors

#include "collectors/counters/pm_api.hpp"

#include <dlfcn.h>

namespace foldperf::collectors {

std::string PmApi::load(void* library) {
  std::string missing;
  const auto find = [&](auto*& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && missing.empty()) missing = name;
  };
  find(result_string, "cuptiGetResultString");
  find(initialize, "cuptiProfilerInitialize");
  find(chip_name, "cuptiDeviceGetChipName");
  find(host_initialize, "cuptiProfilerHostInitialize");
  find(host_deinitialize, "cuptiProfilerHostDeinitialize");
  find(add_metrics, "cuptiProfilerHostConfigAddMetrics");
  find(config_size, "cuptiProfilerHostGetConfigImageSize");
  find(config, "cuptiProfilerHostGetConfigImage");
  find(passes, "cuptiProfilerHostGetNumOfPasses");
  find(evaluate, "cuptiProfilerHostEvaluateToGpuValues");
  find(availability, "cuptiPmSamplingGetCounterAvailability");
  find(enable, "cuptiPmSamplingEnable");
  find(disable, "cuptiPmSamplingDisable");
  find(set_config, "cuptiPmSamplingSetConfig");
  find(data_size, "cuptiPmSamplingGetCounterDataSize");
  find(data_initialize, "cuptiPmSamplingCounterDataImageInitialize");
  find(start, "cuptiPmSamplingStart");
  find(stop, "cuptiPmSamplingStop");
  find(decode, "cuptiPmSamplingDecodeData");
  find(data_info, "cuptiPmSamplingGetCounterDataInfo");
  find(sample_info, "cuptiPmSamplingCounterDataGetSampleInfo");
  return missing;
}

std::string PmApi::text(CUptiResult result) const {
  const char* words = nullptr;
  if (result_string != nullptr && result_string(result, &words) == CUPTI_SUCCESS && words != nullptr) return words;
  return "CUPTI error " + std::to_string(static_cast<int>(result));
}

}  // namespace foldperf::collectors

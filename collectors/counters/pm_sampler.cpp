#include "collectors/counters/pm_sampler.hpp"

#include <utility>

#include "collectors/counters/parameters.hpp"

namespace foldperf::collectors {
namespace {

// CUPTI takes some 3 KB a metric and sample for the decoded image: 256 samples of ten metrics are 8 MiB.
constexpr std::uint32_t samples_at_once = 256;
constexpr std::size_t hardware_buffer_bytes = std::size_t{16} << 20;

}  // namespace

bool PmSampler::succeeds(CUptiResult result, const char* what, std::string& why_not) const {
  if (result == CUPTI_SUCCESS) return true;
  why_not = std::string(what) + ": " + api_.text(result);
  if (result == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES) {
    why_not += " (the driver gives counters to administrators only: NVreg_RestrictProfilingToAdminUsers)";
  }
  return false;
}

std::unique_ptr<PmSampler> PmSampler::open(const PmApi& api, std::size_t device, const Metrics& metrics,
                                           std::int64_t interval_ns, std::string& why_not) {
  why_not.clear();
  std::unique_ptr<PmSampler> sampler(new PmSampler(api));
  if (!sampler->configure(device, metrics, interval_ns, why_not)) return nullptr;
  return sampler;
}

bool PmSampler::configure(std::size_t device, const Metrics& metrics, std::int64_t interval_ns, std::string& why_not) {
  auto initialize = FOLDPERF_PARAMETERS(CUpti_Profiler_Initialize_Params);
  if (!succeeds(api_.initialize(&initialize), "profiler", why_not)) return false;
  auto name = FOLDPERF_PARAMETERS(CUpti_Device_GetChipName_Params);
  name.deviceIndex = device;
  if (!succeeds(api_.chip_name(&name), "chip's name", why_not)) return false;

  auto available = FOLDPERF_PARAMETERS(CUpti_PmSampling_GetCounterAvailability_Params);
  available.deviceIndex = device;
  if (!succeeds(api_.availability(&available), "counters", why_not)) return false;
  std::vector<std::uint8_t> availability(available.counterAvailabilityImageSize);
  available.pCounterAvailabilityImage = availability.data();
  if (!succeeds(api_.availability(&available), "counters", why_not)) return false;

  chip_.emplace(api_, name.pChipName, std::move(availability));
  metrics_ = metrics.those_that_fit ? chip_->that_fit(metrics.names, left_out_) : metrics.names;
  if (metrics_.empty()) metrics_ = metrics.names;  // for the message
  if (!chip_->configure(metrics_, why_not)) return false;
  if (chip_->passes() != 1) {
    why_not = "these metrics need " + std::to_string(chip_->passes()) +
              " passes, and sampling has one: leave some of them out";
    return false;
  }
  for (const std::string& metric : metrics_) names_.push_back(metric.c_str());
  values_.resize(metrics_.size());

  auto enable = FOLDPERF_PARAMETERS(CUpti_PmSampling_Enable_Params);
  enable.deviceIndex = device;
  if (!succeeds(api_.enable(&enable), "sampling", why_not)) return false;
  sampling_ = enable.pPmSamplingObject;
  auto set = FOLDPERF_PARAMETERS(CUpti_PmSampling_SetConfig_Params);
  set.pPmSamplingObject = sampling_;
  set.configSize = chip_->configuration().size();
  set.pConfig = chip_->configuration().data();
  set.hardwareBufferSize = hardware_buffer_bytes;
  set.samplingInterval = static_cast<std::uint64_t>(interval_ns);
  set.triggerMode = CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_TIME_INTERVAL;
  if (!succeeds(api_.set_config(&set), "interval", why_not)) return false;

  auto bytes = FOLDPERF_PARAMETERS(CUpti_PmSampling_GetCounterDataSize_Params);
  bytes.pPmSamplingObject = sampling_;
  bytes.pMetricNames = names_.data();
  bytes.numMetrics = names_.size();
  bytes.maxSamples = samples_at_once;
  if (!succeeds(api_.data_size(&bytes), "room for samples", why_not)) return false;
  data_.resize(bytes.counterDataSize);
  if (!clear_data()) {
    why_not = failure_;
    return false;
  }
  auto start = FOLDPERF_PARAMETERS(CUpti_PmSampling_Start_Params);
  start.pPmSamplingObject = sampling_;
  if (!succeeds(api_.start(&start), "start", why_not)) return false;
  started_ = true;
  return true;
}

bool PmSampler::clear_data() {
  auto clear = FOLDPERF_PARAMETERS(CUpti_PmSampling_CounterDataImage_Initialize_Params);
  clear.pPmSamplingObject = sampling_;
  clear.counterDataSize = data_.size();
  clear.pCounterData = data_.data();
  return succeeds(api_.data_initialize(&clear), "room for samples", failure_);
}

void PmSampler::read(const std::function<void(const CounterSample&)>& sink) {
  bool more = started_ && failure_.empty();
  while (more) {
    auto decode = FOLDPERF_PARAMETERS(CUpti_PmSampling_DecodeData_Params);
    decode.pPmSamplingObject = sampling_;
    decode.pCounterDataImage = data_.data();
    decode.counterDataImageSize = data_.size();
    if (!succeeds(api_.decode(&decode), "samples", failure_)) return;
    if (decode.overflow != 0) ++overflows_;
    more = decode.decodeStopReason == CUPTI_PM_SAMPLING_DECODE_STOP_REASON_COUNTER_DATA_FULL;

    auto info = FOLDPERF_PARAMETERS(CUpti_PmSampling_GetCounterDataInfo_Params);
    info.pCounterDataImage = data_.data();
    info.counterDataImageSize = data_.size();
    if (!succeeds(api_.data_info(&info), "samples", failure_)) return;
    for (std::size_t i = 0; i < info.numCompletedSamples; ++i) {
      auto times = FOLDPERF_PARAMETERS(CUpti_PmSampling_CounterData_GetSampleInfo_Params);
      times.pPmSamplingObject = sampling_;
      times.pCounterDataImage = data_.data();
      times.counterDataImageSize = data_.size();
      times.sampleIndex = i;
      auto evaluate = FOLDPERF_PARAMETERS(CUpti_Profiler_Host_EvaluateToGpuValues_Params);
      evaluate.pHostObject = chip_->host();
      evaluate.pCounterDataImage = data_.data();
      evaluate.counterDataImageSize = data_.size();
      evaluate.rangeIndex = i;
      evaluate.ppMetricNames = names_.data();
      evaluate.numMetrics = names_.size();
      evaluate.pMetricValues = values_.data();
      if (!succeeds(api_.sample_info(&times), "time of a sample", failure_) ||
          !succeeds(api_.evaluate(&evaluate), "values of a sample", failure_)) {
        return;
      }
      // The first one begins when the counters were last cleared, long before.
      if (!std::exchange(first_, false)) {
        sink(
            {static_cast<std::int64_t>(times.startTimestamp), static_cast<std::int64_t>(times.endTimestamp), &values_});
      }
    }
    if (!clear_data()) return;
  }
}

PmSampler::~PmSampler() {
  if (started_) {
    auto stop = FOLDPERF_PARAMETERS(CUpti_PmSampling_Stop_Params);
    stop.pPmSamplingObject = sampling_;
    api_.stop(&stop);
  }
  if (sampling_ != nullptr) {
    auto disable = FOLDPERF_PARAMETERS(CUpti_PmSampling_Disable_Params);
    disable.pPmSamplingObject = sampling_;
    api_.disable(&disable);
  }
}

}  // namespace foldperf::collectors

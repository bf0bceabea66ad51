#include "collectors/cupti/activities.hpp"

#include <cstdint>
#include <exception>

#include "collectors/cupti/api_filter.hpp"
#include "collectors/cupti/result_text.hpp"

namespace foldperf::collectors {
namespace {

// The driver's API has no more calls than this.
constexpr std::uint32_t most_calls = 1200;

}  // namespace

void Activities::choose(const CuptiApi& api, const Settings& settings) {
  api_ = api;
  by_graph_ = settings.graphs == GraphMode::graph;
  kinds_ = {{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, "kernels"},
            {CUPTI_ACTIVITY_KIND_MEMCPY, "copies"},
            {CUPTI_ACTIVITY_KIND_MEMCPY2, "copies between GPUs"},
            {CUPTI_ACTIVITY_KIND_MEMSET, "sets"}};
  if (by_graph_) kinds_.push_back({CUPTI_ACTIVITY_KIND_GRAPH_TRACE, "graphs"});
  if (settings.level == Level::full) {
    kinds_.push_back({CUPTI_ACTIVITY_KIND_RUNTIME, "calls of the runtime"});
    kinds_.push_back({CUPTI_ACTIVITY_KIND_DRIVER, "calls of the driver"});
    // Each launch costs twice as much under these two, though it writes none of their records; a program's waits are
    // among its calls, at every level.
    kinds_.push_back({CUPTI_ACTIVITY_KIND_SYNCHRONIZATION, "synchronization"});
    kinds_.push_back({CUPTI_ACTIVITY_KIND_OVERHEAD, "CUPTI's overhead"});
    kinds_.push_back({CUPTI_ACTIVITY_KIND_CUDA_EVENT, "CUDA events"});
    kinds_.push_back({CUPTI_ACTIVITY_KIND_MEMORY2, "memory"});
  } else {
    // All calls of an API less those that are worth nothing: single calls that are switched on after the driver's start
    // give no records (CUPTI 13.0, which says that all is well).
    kinds_.push_back({CUPTI_ACTIVITY_KIND_RUNTIME, "calls of the runtime"});
    if (api_.ActivityEnableRuntimeApi == nullptr || api_.ActivityEnableDriverApi == nullptr) return;
    kinds_.push_back({CUPTI_ACTIVITY_KIND_DRIVER, "calls of the driver"});
    leave_calls_out();
  }
}

void Activities::leave_calls_out() {
  for (const CUpti_CallbackDomain domain : {CUPTI_CB_DOMAIN_RUNTIME_API, CUPTI_CB_DOMAIN_DRIVER_API}) {
    for (std::uint32_t id = 1; id < most_calls; ++id) {
      const char* name = nullptr;
      if (api_.GetCallbackName(domain, id, &name) != CUPTI_SUCCESS || name == nullptr) continue;
      if (!is_worth_recording(name)) left_out_.push_back({domain, id});
    }
  }
}

void Activities::enable(Kind& kind) {
  if (kind.refused) return;
  const CUptiResult result = api_.ActivityEnable(kind.kind);
  if (result == CUPTI_SUCCESS) return;
  kind.refused = true;
  refused_ += std::string("; not recorded: ") + kind.name + ", " + text_of(api_, result);
}

void Activities::set(bool on) noexcept try {
  const std::lock_guard lock(mutex_);
  if (on == on_ || (!on && !switches())) return;
  on_ = on;
  for (Kind& kind : kinds_) {
    if (on) {
      enable(kind);
    } else if (!kind.refused) {
      api_.ActivityDisable(kind.kind);
    }
  }
  if (!on) return;
  for (const Call& call : left_out_) {
    call.domain == CUPTI_CB_DOMAIN_RUNTIME_API ? api_.ActivityEnableRuntimeApi(call.id, 0)
                                               : api_.ActivityEnableDriverApi(call.id, 0);
  }
} catch (const std::exception&) {
  // No memory to tell what was refused.
}

std::string Activities::refused() {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace foldperf::collectors

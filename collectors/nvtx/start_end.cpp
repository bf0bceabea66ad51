// Start/end ranges: a process-wide id joins the two, which may come from different threads.
#include <atomic>

#include "collectors/clock.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/watched_range.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors {
namespace {

// 0 is what NVTX returns where no tool listens.
std::atomic<nvtxRangeId_t> next_range_id{1};

nvtxRangeId_t start(EventArguments&& arguments) noexcept {
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return 0;
  arguments.header.range_id = next_range_id.fetch_add(1, std::memory_order_relaxed);
  arguments.header.time_ns = monotonic_ns();
  buffer->start_range(arguments.header, arguments.body);
  if (RecordingPlan& plan = Session::instance().plan(); plan.watches_ranges()) {
    tell_plan(plan, arguments, [&](const WatchedRange& range) {
      plan.start(range, arguments.header.range_id, arguments.header.time_ns);
    });
  }
  if (buffer->wants_draining()) Session::instance().wake();
  return arguments.header.range_id;
}

void end(std::uint32_t domain, nvtxRangeId_t id) noexcept {
  const std::int64_t now = monotonic_ns();
  if (id == 0) return;
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return;
  buffer->end_range(domain, id, now);
  Session::instance().plan().end(id, now);
  if (buffer->wants_draining()) Session::instance().wake();
}

nvtxRangeId_t NVTX_API range_start_ex(const nvtxEventAttributes_t* attributes) {
  return start(EventArguments(EventKind::start, nullptr, attributes));
}
nvtxRangeId_t NVTX_API range_start_a(const char* text) { return start(EventArguments(EventKind::start, text)); }
nvtxRangeId_t NVTX_API range_start_w(const wchar_t* text) { return start(EventArguments(EventKind::start, text)); }
void NVTX_API range_end(nvtxRangeId_t id) { end(0, id); }

nvtxRangeId_t NVTX_API domain_range_start_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  return start(EventArguments(EventKind::start, domain, attributes));
}
void NVTX_API domain_range_end(nvtxDomainHandle_t domain, nvtxRangeId_t id) { end(domain_index(domain), id); }

nvtxRangeId_t NVTX_API range_start_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t* payloads,
                                           std::size_t count) {
  return start(EventArguments(EventKind::start, domain, payloads, count));
}
void NVTX_API range_end_payload(nvtxDomainHandle_t domain, nvtxRangeId_t id, const nvtxPayloadData_t*, std::size_t) {
  end(domain_index(domain), id);
}

}  // namespace

void attach_core_start_end(CallbackTable& core) {
  core.set(NVTX_CBID_CORE_RangeStartEx, range_start_ex);
  core.set(NVTX_CBID_CORE_RangeStartA, range_start_a);
  core.set(NVTX_CBID_CORE_RangeStartW, range_start_w);
  core.set(NVTX_CBID_CORE_RangeEnd, range_end);
}

void attach_domain_start_end(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainRangeStartEx, domain_range_start_ex);
  core2.set(NVTX_CBID_CORE2_DomainRangeEnd, domain_range_end);
}

void attach_payload_start_end(ExtensionSlots& payload) {
  payload.set(NVTX3EXT_CBID_nvtxRangeStartPayload, range_start_payload);
  payload.set(NVTX3EXT_CBID_nvtxRangeEndPayload, range_end_payload);
}

}  // namespace foldperf::collectors

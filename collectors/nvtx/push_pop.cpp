// Push/pop ranges: one stack a thread and domain.
#include "collectors/clock.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/watched_range.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors {
namespace {

int push(EventArguments&& arguments) noexcept {
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return NVTX_NO_PUSH_POP_TRACKING;
  // As late as can be: of our own work only the copy into the ring, and a wake now and then, lies inside the range.
  arguments.header.time_ns = monotonic_ns();
  const int depth = buffer->push(arguments.header, arguments.body);
  if (RecordingPlan& plan = Session::instance().plan(); plan.watches_ranges()) {
    tell_plan(plan, arguments, [&](const WatchedRange& range) {
      plan.push(range, arguments.header.domain, depth, arguments.header.time_ns);
    });
  }
  if (buffer->wants_draining()) Session::instance().wake();
  return depth;
}

int pop(std::uint32_t domain) noexcept {
  const std::int64_t now = monotonic_ns();
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return NVTX_NO_PUSH_POP_TRACKING;
  const int depth = buffer->pop(domain, now);
  if (RecordingPlan& plan = Session::instance().plan(); plan.watches_ranges()) plan.pop(domain, depth, now);
  if (buffer->wants_draining()) Session::instance().wake();
  return depth;
}

int NVTX_API range_push_ex(const nvtxEventAttributes_t* attributes) {
  return push(EventArguments(EventKind::push, nullptr, attributes));
}
int NVTX_API range_push_a(const char* text) { return push(EventArguments(EventKind::push, text)); }
int NVTX_API range_push_w(const wchar_t* text) { return push(EventArguments(EventKind::push, text)); }
int NVTX_API range_pop() { return pop(0); }

int NVTX_API domain_range_push_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  return push(EventArguments(EventKind::push, domain, attributes));
}
int NVTX_API domain_range_pop(nvtxDomainHandle_t domain) { return pop(domain_index(domain)); }

int NVTX_API range_push_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t* payloads, std::size_t count) {
  return push(EventArguments(EventKind::push, domain, payloads, count));
}
// Ends what any push began, NCCL's through the core, too. The payload is of the end, for which an event has no place.
int NVTX_API range_pop_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t*, std::size_t) {
  return pop(domain_index(domain));
}

}  // namespace

void attach_core_push_pop(CallbackTable& core) {
  core.set(NVTX_CBID_CORE_RangePushEx, range_push_ex);
  core.set(NVTX_CBID_CORE_RangePushA, range_push_a);
  core.set(NVTX_CBID_CORE_RangePushW, range_push_w);
  core.set(NVTX_CBID_CORE_RangePop, range_pop);
}

void attach_domain_push_pop(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainRangePushEx, domain_range_push_ex);
  core2.set(NVTX_CBID_CORE2_DomainRangePop, domain_range_pop);
}

void attach_payload_push_pop(ExtensionSlots& payload) {
  payload.set(NVTX3EXT_CBID_nvtxRangePushPayload, range_push_payload);
  payload.set(NVTX3EXT_CBID_nvtxRangePopPayload, range_pop_payload);
}

}  // namespace foldperf::collectors

// Marks: events without a duration. Facts (core/facts) travel as marks.
#include "collectors/clock.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors {
namespace {

void mark(EventArguments&& arguments) noexcept {
  arguments.header.time_ns = monotonic_ns();
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return;
  buffer->mark(arguments.header, arguments.body);
  if (buffer->wants_draining()) Session::instance().wake();
}

void NVTX_API mark_ex(const nvtxEventAttributes_t* attributes) {
  mark(EventArguments(EventKind::mark, nullptr, attributes));
}
void NVTX_API mark_a(const char* text) { mark(EventArguments(EventKind::mark, text)); }
void NVTX_API mark_w(const wchar_t* text) { mark(EventArguments(EventKind::mark, text)); }

void NVTX_API domain_mark_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  mark(EventArguments(EventKind::mark, domain, attributes));
}

void NVTX_API mark_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t* payloads, std::size_t count) {
  mark(EventArguments(EventKind::mark, domain, payloads, count));
}

}  // namespace

void attach_core_marks(CallbackTable& core) {
  core.set(NVTX_CBID_CORE_MarkEx, mark_ex);
  core.set(NVTX_CBID_CORE_MarkA, mark_a);
  core.set(NVTX_CBID_CORE_MarkW, mark_w);
}

void attach_domain_marks(CallbackTable& core2) { core2.set(NVTX_CBID_CORE2_DomainMarkEx, domain_mark_ex); }

void attach_payload_marks(ExtensionSlots& payload) { payload.set(NVTX3EXT_CBID_nvtxMarkPayload, mark_payload); }

}  // namespace foldperf::collectors

// From NVTX's arguments to an event: text in any of its forms, category, colour, payload.
//
// Source: nvtx3/nvToolsExt.h, nvtxEventAttributes_v2; nvtx3/nvToolsExtPayload.h for the extended payload.
#pragma once

#include <nvtx3/nvToolsExt.h>

#include "collectors/buffer/event.hpp"
#include "collectors/buffer/thread_buffer.hpp"

namespace foldperf::collectors {

// Holds what an event needs until it is written; wide text is converted into it.
class EventArguments {
 public:
  EventArguments(EventKind kind, nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) noexcept;
  EventArguments(EventKind kind, const char* text) noexcept;
  EventArguments(EventKind kind, const wchar_t* text) noexcept;
  ~EventArguments();
  EventArguments(const EventArguments&) = delete;
  EventArguments& operator=(const EventArguments&) = delete;

  EventHeader header;  // all but its time
  EventBody body;

 private:
  void set_text(const char* text) noexcept;
  void set_text(const wchar_t* text) noexcept;
  void set_payload(const nvtxEventAttributes_t& attributes) noexcept;

  char on_stack_[512];
  char* on_heap_ = nullptr;  // of wide text that is longer
};

// The domain's index: 0 for the default one, which has no handle.
std::uint32_t domain_index(nvtxDomainHandle_t domain) noexcept;

}  // namespace foldperf::collectors

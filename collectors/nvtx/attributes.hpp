// From NVTX's arguments to an event: text in any of its forms, category, colour, payload.
//
// Source: nvtx3/nvToolsExt.h, nvtxEventAttributes_v2; nvtx3/nvToolsExtPayload.h for the extended payload.
#pragma once

#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>

#include <cstddef>

#include "collectors/buffer/event.hpp"
#include "collectors/buffer/thread_buffer.hpp"

namespace foldperf::collectors {

// Holds what an event needs until it is written; wide text is converted into it.
class EventArguments {
 public:
  EventArguments(EventKind kind, nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) noexcept;
  // Of payloads alone: its text is the entry that a schema says it to be, or else a schema's name.
  EventArguments(EventKind kind, nvtxDomainHandle_t domain, const nvtxPayloadData_t* payloads,
                 std::size_t count) noexcept;
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
  void set_payloads(const nvtxPayloadData_t* payloads, std::size_t count) noexcept;
  void set_text_of(const nvtxPayloadData_t* payloads, std::size_t count) noexcept;
  bool set_message(const nvtxPayloadData_t& payload) noexcept;
  void set_registered(std::uint32_t index) noexcept;

  char on_stack_[512];
  char* on_heap_ = nullptr;  // of wide text that is longer
};

// The domain's index: 0 for the default one, which has no handle.
std::uint32_t domain_index(nvtxDomainHandle_t domain) noexcept;

}  // namespace foldperf::collectors

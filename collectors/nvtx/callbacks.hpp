// The collector's side of NVTX: each function enters its callbacks into the tables of one NVTX module.
//
// A process may hold several copies of NVTX (each library that uses its headers has one); every copy asks for injection
// and has tables of its own. Callbacks are C functions: they never throw.
#pragma once

#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>

#include <cstdint>

namespace foldperf::collectors {

// A module's table of one copy of NVTX. An older copy has fewer entries: those beyond its size are left out.
class CallbackTable {
 public:
  CallbackTable(NvtxFunctionTable entries, unsigned int size) : entries_(entries), size_(size) {}

  template <typename Function>
  void set(unsigned int id, Function* callback) {
    // NVTX's own convention: generic pointers in the table, each called as what its id says.
    if (entries_ != nullptr && id < size_ && entries_[id] != nullptr) {
      *entries_[id] = reinterpret_cast<NvtxFunctionPointer>(callback);
    }
  }

 private:
  NvtxFunctionTable entries_;
  unsigned int size_;
};

// The slots of one copy of an extension. Those that are not set do nothing: the extension sees to that.
class ExtensionSlots {
 public:
  explicit ExtensionSlots(const nvtxExtModuleSegment_t& segment) : segment_(segment) {}

  template <typename Function>
  void set(unsigned int id, Function* callback) {
    if (segment_.functionSlots != nullptr && id < segment_.slotCount) {
      segment_.functionSlots[id] = reinterpret_cast<std::intptr_t>(callback);
    }
  }

 private:
  const nvtxExtModuleSegment_t& segment_;
};

// Of module CORE (the default domain).
void attach_core_push_pop(CallbackTable& core);
void attach_core_start_end(CallbackTable& core);
void attach_core_marks(CallbackTable& core);
void attach_core_names(CallbackTable& core);  // categories, threads

// Of module CORE2 (domains).
void attach_domain_push_pop(CallbackTable& core2);
void attach_domain_start_end(CallbackTable& core2);
void attach_domain_marks(CallbackTable& core2);
void attach_domains(CallbackTable& core2);
void attach_strings(CallbackTable& core2);
void attach_categories(CallbackTable& core2);
void attach_resources(CallbackTable& core2);

// Of the payload extension.
void attach_schemas(ExtensionSlots& payload);
void attach_payload_push_pop(ExtensionSlots& payload);
void attach_payload_start_end(ExtensionSlots& payload);
void attach_payload_marks(ExtensionSlots& payload);

// Names of devices, contexts, streams, events.
void attach_cuda_names(CallbackTable& cuda);
void attach_cuda_runtime_names(CallbackTable& cuda_runtime);
void attach_opencl_names(CallbackTable& opencl);

}  // namespace foldperf::collectors

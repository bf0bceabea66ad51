// The door of NVTX's extensions: each copy of an extension in a process calls InitializeInjectionNvtxExtension of the
// library that NVTX_INJECTION64_PATH names, at its first use and after it has had its NVTX initialized
// (nvtx3/nvtxDetail/nvtxExtInit.h). Of the extensions, payloads are served: without it nvtxRangePopPayload does
// nothing, and a range that was pushed through NVTX's core and ends so, as NCCL's do, would never end.
#include <nvtx3/nvToolsExtPayload.h>

#include <cstddef>

#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/watching.hpp"

namespace {

using namespace foldperf::collectors;

constexpr std::size_t bytes_read = offsetof(nvtxExtModuleInfo_t, segments) + sizeof(nvtxExtModuleInfo_t::segments);

// All that is called "1.x" has its functions in the same slots; more were added, none changed.
constexpr unsigned int served_version = NVTX_EXT_PAYLOAD_COMPATID >> 8;

bool is_served(const nvtxExtModuleInfo_t* module) {
  return module != nullptr && module->structSize >= bytes_read && module->moduleId == NVTX_EXT_PAYLOAD_MODULEID &&
         static_cast<unsigned int>(module->compatId >> 8) == served_version && module->segmentsCount > 0 &&
         module->segments != nullptr;
}

}  // namespace

// 1: the collector listens. 0: it does not, and the extension does nothing from then on.
extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtxExtension(nvtxExtModuleInfo_t* module) {
  if (!is_served(module) || !watches_nvtx()) return 0;
  // Version 1 has one segment, whatever number it carries.
  ExtensionSlots slots(module->segments[0]);
  attach_schemas(slots);
  attach_payload_push_pop(slots);
  attach_payload_start_end(slots);
  attach_payload_marks(slots);
  return 1;
}

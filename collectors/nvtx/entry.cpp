// The door that NVTX opens: every copy of NVTX in a process calls InitializeInjectionNvtx2 of the library that
// NVTX_INJECTION64_PATH names, at its first use (nvtx3/nvtxDetail/nvtxInit.h).
#include <nvtx3/nvToolsExt.h>

#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/watching.hpp"

namespace {

using namespace foldperf::collectors;

template <typename... Attach>
void attach(const NvtxExportTableCallbacks& callbacks, NvtxCallbackModule module, Attach... attach_group) {
  NvtxFunctionTable entries = nullptr;
  unsigned int size = 0;
  if (callbacks.GetModuleFunctionTable(module, &entries, &size) == 0) return;
  CallbackTable table(entries, size);
  (attach_group(table), ...);
}

}  // namespace

// 1: the collector listens. 0: it does not, and NVTX goes on without a tool.
extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  if (get_table == nullptr) return 0;
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  if (callbacks == nullptr || callbacks->struct_size < sizeof(NvtxExportTableCallbacks)) return 0;
  if (!watches_nvtx()) return 0;
  attach(*callbacks, NVTX_CB_MODULE_CORE, attach_core_push_pop, attach_core_start_end, attach_core_marks,
         attach_core_names);
  attach(*callbacks, NVTX_CB_MODULE_CORE2, attach_domain_push_pop, attach_domain_start_end, attach_domain_marks,
         attach_domains, attach_strings, attach_categories, attach_resources);
  attach(*callbacks, NVTX_CB_MODULE_CUDA, attach_cuda_names);
  attach(*callbacks, NVTX_CB_MODULE_CUDART, attach_cuda_runtime_names);
  attach(*callbacks, NVTX_CB_MODULE_OPENCL, attach_opencl_names);
  return 1;
}

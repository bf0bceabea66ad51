// Names of resources: anything with an identifier, and CUDA's and OpenCL's devices, contexts, streams, events and so
// on.
//
// Identifier types are NVTX's: class in the upper 16 bits, index in the lower (nvToolsExt.h, nvToolsExtCuda.h,
// nvToolsExtCudaRt.h, nvToolsExtOpenCL.h; the last three cannot be included without the headers of what they name).
#include "collectors/names/names.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/naming.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int32_t type_of(std::int32_t resource_class, std::int32_t index) { return resource_class << 16 | index; }
constexpr std::int32_t cuda = 4;
constexpr std::int32_t cuda_runtime = 5;
constexpr std::int32_t opencl = 6;

std::string text_of(const nvtxResourceAttributes_t& attributes) {
  switch (attributes.messageType) {
    case NVTX_MESSAGE_TYPE_ASCII:
      return to_string(attributes.message.ascii);
    case NVTX_MESSAGE_TYPE_UNICODE:
      return to_string(attributes.message.unicode);
    case NVTX_MESSAGE_TYPE_REGISTERED:
      return attributes.message.registered == nullptr
                 ? std::string()
                 : reinterpret_cast<const RegisteredString*>(attributes.message.registered)->text;
    default:
      return {};
  }
}

nvtxResourceHandle_t NVTX_API create(nvtxDomainHandle_t domain, nvtxResourceAttributes_t* attributes) {
  if (attributes == nullptr) return nullptr;
  return never_throw([=] {
    const ResourceName* resource = Names::instance().name_resource(
        domain_index(domain), attributes->identifierType, attributes->identifier.ullValue, text_of(*attributes));
    return reinterpret_cast<nvtxResourceHandle_t>(const_cast<ResourceName*>(resource));
  });
}

// The name stays in the database: it was right while the resource lived.
void NVTX_API destroy(nvtxResourceHandle_t) {}

// Callback for NameCuDeviceA and its like: `Handle` is int or a pointer.
template <std::int32_t type, typename Handle, typename Char>
void NVTX_API name_resource(Handle handle, const Char* name) {
  never_throw([=] {
    std::uint64_t identifier = 0;
    if constexpr (std::is_pointer_v<Handle>) {
      identifier = reinterpret_cast<std::uintptr_t>(handle);
    } else {
      identifier = static_cast<std::uint64_t>(handle);
    }
    Names::instance().name_resource(0, type, identifier, to_string(name));
  });
}

// The ids of the A and the W function of one resource follow each other.
template <std::int32_t type, typename Handle>
void set_both(CallbackTable& table, unsigned int id_a) {
  table.set(id_a, name_resource<type, Handle, char>);
  table.set(id_a + 1, name_resource<type, Handle, wchar_t>);
}

}  // namespace

void attach_resources(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainResourceCreate, create);
  core2.set(NVTX_CBID_CORE2_DomainResourceDestroy, destroy);
}

void attach_cuda_names(CallbackTable& table) {
  set_both<type_of(cuda, 1), nvtx_CUdevice>(table, NVTX_CBID_CUDA_NameCuDeviceA);
  set_both<type_of(cuda, 2), nvtx_CUcontext>(table, NVTX_CBID_CUDA_NameCuContextA);
  set_both<type_of(cuda, 3), nvtx_CUstream>(table, NVTX_CBID_CUDA_NameCuStreamA);
  set_both<type_of(cuda, 4), nvtx_CUevent>(table, NVTX_CBID_CUDA_NameCuEventA);
}

void attach_cuda_runtime_names(CallbackTable& table) {
  set_both<type_of(cuda_runtime, 0), int>(table, NVTX_CBID_CUDART_NameCudaDeviceA);
  set_both<type_of(cuda_runtime, 1), nvtx_cudaStream_t>(table, NVTX_CBID_CUDART_NameCudaStreamA);
  set_both<type_of(cuda_runtime, 2), nvtx_cudaEvent_t>(table, NVTX_CBID_CUDART_NameCudaEventA);
}

void attach_opencl_names(CallbackTable& table) {
  set_both<type_of(opencl, 1), nvtx_cl_device_id>(table, NVTX_CBID_OPENCL_NameClDeviceA);
  set_both<type_of(opencl, 2), nvtx_cl_context>(table, NVTX_CBID_OPENCL_NameClContextA);
  set_both<type_of(opencl, 3), nvtx_cl_command_queue>(table, NVTX_CBID_OPENCL_NameClCommandQueueA);
  set_both<type_of(opencl, 4), nvtx_cl_mem>(table, NVTX_CBID_OPENCL_NameClMemObjectA);
  set_both<type_of(opencl, 5), nvtx_cl_sampler>(table, NVTX_CBID_OPENCL_NameClSamplerA);
  set_both<type_of(opencl, 6), nvtx_cl_program>(table, NVTX_CBID_OPENCL_NameClProgramA);
  set_both<type_of(opencl, 7), nvtx_cl_event>(table, NVTX_CBID_OPENCL_NameClEventA);
}

}  // namespace foldperf::collectors

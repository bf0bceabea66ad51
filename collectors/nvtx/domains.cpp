// Domains: named scopes with their own range stacks, categories and strings. A domain's handle is its table entry.
#include "collectors/names/names.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/naming.hpp"

namespace foldperf::collectors {
namespace {

template <typename Char>
nvtxDomainHandle_t NVTX_API create(const Char* name) {
  return never_throw([name] {
    const Domain* domain = Names::instance().create_domain(to_string(name));
    return reinterpret_cast<nvtxDomainHandle_t>(const_cast<Domain*>(domain));
  });
}

// The entry stays: its name is needed for as long as its events, and another library may use the same domain.
void NVTX_API destroy(nvtxDomainHandle_t) {}

void NVTX_API initialize(const void*) {}

}  // namespace

void attach_domains(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainCreateA, create<char>);
  core2.set(NVTX_CBID_CORE2_DomainCreateW, create<wchar_t>);
  core2.set(NVTX_CBID_CORE2_DomainDestroy, destroy);
  core2.set(NVTX_CBID_CORE2_Initialize, initialize);
}

}  // namespace foldperf::collectors

// Registered strings: handed over once, then named by handle, so that an event needs no copy of its text.
#include "collectors/names/names.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/naming.hpp"

namespace foldperf::collectors {
namespace {

template <typename Char>
nvtxStringHandle_t NVTX_API register_string(nvtxDomainHandle_t, const Char* text) {
  return never_throw([text] {
    const RegisteredString* string = Names::instance().register_string(to_string(text));
    return reinterpret_cast<nvtxStringHandle_t>(const_cast<RegisteredString*>(string));
  });
}

}  // namespace

void attach_strings(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainRegisterStringA, register_string<char>);
  core2.set(NVTX_CBID_CORE2_DomainRegisterStringW, register_string<wchar_t>);
}

}  // namespace foldperf::collectors

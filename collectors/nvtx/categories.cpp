// Names of categories, in the default domain and in others, and of threads.
#include "collectors/names/names.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/naming.hpp"

namespace foldperf::collectors {
namespace {

template <typename Char>
void NVTX_API name_category(std::uint32_t category, const Char* name) {
  never_throw([=] { Names::instance().name_category(0, category, to_string(name)); });
}

template <typename Char>
void NVTX_API name_domain_category(nvtxDomainHandle_t domain, std::uint32_t category, const Char* name) {
  never_throw([=] { Names::instance().name_category(domain_index(domain), category, to_string(name)); });
}

template <typename Char>
void NVTX_API name_thread(std::uint32_t thread_id, const Char* name) {
  never_throw([=] { Names::instance().name_thread(thread_id, to_string(name)); });
}

}  // namespace

void attach_core_names(CallbackTable& core) {
  core.set(NVTX_CBID_CORE_NameCategoryA, name_category<char>);
  core.set(NVTX_CBID_CORE_NameCategoryW, name_category<wchar_t>);
  core.set(NVTX_CBID_CORE_NameOsThreadA, name_thread<char>);
  core.set(NVTX_CBID_CORE_NameOsThreadW, name_thread<wchar_t>);
}

void attach_categories(CallbackTable& core2) {
  core2.set(NVTX_CBID_CORE2_DomainNameCategoryA, name_domain_category<char>);
  core2.set(NVTX_CBID_CORE2_DomainNameCategoryW, name_domain_category<wchar_t>);
}

}  // namespace foldperf::collectors

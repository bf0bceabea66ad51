// Schemas and enumerations that a program registers with the payload extension, and whether it is worth its while.
#include "collectors/nvtx/attributes.hpp"
#include "collectors/nvtx/callbacks.hpp"
#include "collectors/nvtx/naming.hpp"
#include "collectors/nvtx/payload_schemas.hpp"

namespace foldperf::collectors {
namespace {

std::uint64_t NVTX_API schema_register(nvtxDomainHandle_t domain, const nvtxPayloadSchemaAttr_t* attributes) {
  if (attributes == nullptr) return 0;
  return never_throw([=] { return register_payload_schema(domain_index(domain), *attributes); });
}

std::uint64_t NVTX_API enum_register(nvtxDomainHandle_t, const nvtxPayloadEnumAttr_t* attributes) {
  return attributes == nullptr ? 0 : register_payload_enum(*attributes);
}

std::uint8_t NVTX_API domain_is_enabled(nvtxDomainHandle_t) { return 1; }

}  // namespace

void attach_schemas(ExtensionSlots& payload) {
  payload.set(NVTX3EXT_CBID_nvtxPayloadSchemaRegister, schema_register);
  payload.set(NVTX3EXT_CBID_nvtxPayloadEnumRegister, enum_register);
  payload.set(NVTX3EXT_CBID_nvtxDomainIsEnabled, domain_is_enabled);
}

}  // namespace foldperf::collectors

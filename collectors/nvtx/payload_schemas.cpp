#include "collectors/nvtx/payload_schemas.hpp"

#include <array>
#include <atomic>

#include "collectors/names/names.hpp"
#include "collectors/nvtx/naming.hpp"

namespace foldperf::collectors {
namespace {

struct Node {
  std::uint32_t domain;
  std::uint64_t id;
  PayloadSchema schema;
  const Node* next;
};

// Lists that only grow, at their heads: an event's schema is found without a lock, in a child of fork, too.
std::array<std::atomic<const Node*>, 256> lists;

// Programs have some tens; one that registers at each event is not followed without end.
constexpr std::uint32_t most_schemas = 16384;
std::atomic<std::uint32_t> schemas{0};

std::atomic<std::uint64_t> next_dynamic_id{NVTX_PAYLOAD_SCHEMA_ID_DYNAMIC_START};

std::atomic<const Node*>& list_of(std::uint32_t domain, std::uint64_t id) {
  return lists[(id + domain * 31U) % lists.size()];
}

std::uint64_t id_of(bool has_static_id, std::uint64_t static_id) {
  if (has_static_id && static_id != 0) return static_id;
  return next_dynamic_id.fetch_add(1, std::memory_order_relaxed);
}

// How the text lies in the payload. One whose place or length the payload tells is not taken.
PayloadSchema::Message form_of(const nvtxPayloadSchemaEntry_t& entry) {
  using Message = PayloadSchema::Message;
  if (entry.type == NVTX_PAYLOAD_ENTRY_TYPE_NVTX_REGISTERED_STRING_HANDLE) return Message::registered;
  if (entry.type != NVTX_PAYLOAD_ENTRY_TYPE_CSTRING && entry.type != NVTX_PAYLOAD_ENTRY_TYPE_CSTRING_UTF8) {
    return Message::none;
  }
  constexpr std::uint64_t other_places =
      NVTX_PAYLOAD_ENTRY_FLAG_OFFSET_FROM_BASE | NVTX_PAYLOAD_ENTRY_FLAG_OFFSET_FROM_HERE;
  if ((entry.flags & other_places) != 0) return Message::none;
  const auto array = NVTX_PAYLOAD_ENTRY_FLAG_ARRAY_TYPE(entry.flags);
  const bool pointer = (entry.flags & NVTX_PAYLOAD_ENTRY_FLAG_POINTER) != 0;
  if (array == 0 || array == NVTX_PAYLOAD_ENTRY_FLAG_ARRAY_FIXED_SIZE) {
    if (entry.arrayOrUnionDetail > 0) return pointer ? Message::none : Message::embedded;
    return array == 0 ? Message::pointer : Message::none;
  }
  if (array == NVTX_PAYLOAD_ENTRY_FLAG_ARRAY_ZERO_TERMINATED && entry.arrayOrUnionDetail == 0 && pointer) {
    return Message::pointer;
  }
  return Message::none;
}

PayloadSchema read(const nvtxPayloadSchemaAttr_t& attributes) {
  const auto has = [&attributes](std::uint64_t field) { return (attributes.fieldMask & field) != 0; };
  PayloadSchema schema;
  if (has(NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NAME) && attributes.name != nullptr && attributes.name[0] != '\0') {
    schema.name = Names::instance().register_string(to_string(attributes.name))->index;
  }
  if (!has(NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES) || !has(NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES) ||
      attributes.entries == nullptr) {
    return schema;
  }
  for (std::size_t i = 0; i < attributes.numEntries; ++i) {
    const nvtxPayloadSchemaEntry_t& entry = attributes.entries[i];
    if ((entry.flags & NVTX_PAYLOAD_ENTRY_FLAG_EVENT_MESSAGE) == 0) continue;
    if (i > 0 && entry.offset == 0) continue;  // to be worked out from those before it
    schema.message = form_of(entry);
    schema.message_offset = entry.offset;
    schema.message_bytes = entry.arrayOrUnionDetail;
    break;
  }
  return schema;
}

}  // namespace

const PayloadSchema* find_payload_schema(std::uint32_t domain, std::uint64_t id) noexcept {
  for (const Node* node = list_of(domain, id).load(std::memory_order_acquire); node != nullptr; node = node->next) {
    if (node->id == id && node->domain == domain) return &node->schema;
  }
  return nullptr;
}

std::uint64_t register_payload_schema(std::uint32_t domain, const nvtxPayloadSchemaAttr_t& attributes) {
  const bool has_id = (attributes.fieldMask & NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_SCHEMA_ID) != 0;
  const std::uint64_t id = id_of(has_id, attributes.schemaId);
  const PayloadSchema schema = read(attributes);
  if (const PayloadSchema* known = find_payload_schema(domain, id); known != nullptr && *known == schema) return id;
  if (schemas.fetch_add(1, std::memory_order_relaxed) >= most_schemas) {
    schemas.store(most_schemas, std::memory_order_relaxed);
    return id;
  }
  auto& list = list_of(domain, id);
  auto* node = new Node{domain, id, schema, list.load(std::memory_order_relaxed)};
  while (!list.compare_exchange_weak(node->next, node, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return id;
}

std::uint64_t register_payload_enum(const nvtxPayloadEnumAttr_t& attributes) {
  return id_of((attributes.fieldMask & NVTX_PAYLOAD_ENUM_ATTR_FIELD_SCHEMA_ID) != 0, attributes.schemaId);
}

}  // namespace foldperf::collectors

// The schemas of NVTX's payload extension: what an event that consists of binary payloads alone is called.
//
// Source: nvtx3/nvToolsExtPayload.h, nvtxPayloadSchemaAttr_t and nvtxPayloadSchemaEntry_t.
#pragma once

#include <nvtx3/nvToolsExtPayload.h>

#include <cstdint>
#include <optional>

namespace foldperf::collectors {

// What is kept of a schema. Entries whose place in the payload only the payload itself tells are left out.
struct PayloadSchema {
  enum class Message : std::uint8_t { none, pointer, embedded, registered };

  std::optional<std::uint32_t> name;  // registered string
  Message message = Message::none;    // the entry that is the event's text
  std::uint64_t message_offset = 0;
  std::uint64_t message_bytes = 0;  // of an embedded text
  bool operator==(const PayloadSchema&) const = default;
};

// The id of the schema, for the program to name it by: its own static one, or else a new dynamic one. 0 where there is
// none to be had. May throw std::bad_alloc.
std::uint64_t register_payload_schema(std::uint32_t domain, const nvtxPayloadSchemaAttr_t& attributes);

// Likewise of an enumeration, of which nothing else is kept.
std::uint64_t register_payload_enum(const nvtxPayloadEnumAttr_t& attributes);

// Null where none of this id was registered. Takes no lock; what it returns stays.
const PayloadSchema* find_payload_schema(std::uint32_t domain, std::uint64_t id) noexcept;

}  // namespace foldperf::collectors

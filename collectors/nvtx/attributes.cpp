#include "collectors/nvtx/attributes.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "collectors/names/names.hpp"
#include "collectors/names/text.hpp"
#include "collectors/nvtx/payload_schemas.hpp"

namespace foldperf::collectors {
namespace {

// Longer binary payloads are left out: half of one would be of no use.
constexpr std::size_t longest_binary_bytes = 1 << 16;

}  // namespace

std::uint32_t domain_index(nvtxDomainHandle_t domain) noexcept {
  return domain == nullptr ? 0 : reinterpret_cast<const Domain*>(domain)->index;
}

EventArguments::EventArguments(EventKind kind, const char* text) noexcept {
  header.kind = kind;
  set_text(text);
}

EventArguments::EventArguments(EventKind kind, const wchar_t* text) noexcept {
  header.kind = kind;
  set_text(text);
}

EventArguments::EventArguments(EventKind kind, nvtxDomainHandle_t domain,
                               const nvtxEventAttributes_t* attributes) noexcept {
  header.kind = kind;
  header.domain = domain_index(domain);
  if (attributes == nullptr) return;
  header.category = attributes->category;
  if (attributes->colorType == NVTX_COLOR_ARGB) {
    header.has_color = 1;
    header.color = attributes->color;
  }
  switch (attributes->messageType) {
    case NVTX_MESSAGE_TYPE_ASCII:
      set_text(attributes->message.ascii);
      break;
    case NVTX_MESSAGE_TYPE_UNICODE:
      set_text(attributes->message.unicode);
      break;
    case NVTX_MESSAGE_TYPE_REGISTERED:
      if (attributes->message.registered != nullptr) {
        set_registered(reinterpret_cast<const RegisteredString*>(attributes->message.registered)->index);
      }
      break;
    default:
      break;
  }
  set_payload(*attributes);
}

EventArguments::EventArguments(EventKind kind, nvtxDomainHandle_t domain, const nvtxPayloadData_t* payloads,
                               std::size_t count) noexcept {
  header.kind = kind;
  header.domain = domain_index(domain);
  set_payloads(payloads, count);
}

EventArguments::~EventArguments() { std::free(on_heap_); }

void EventArguments::set_text(const char* text) noexcept {
  if (text == nullptr) return;
  body.text = text;
  body.text_bytes = bounded_length(text);
  header.text_kind = TextKind::inlined;
  header.text = static_cast<std::uint32_t>(body.text_bytes);
}

void EventArguments::set_text(const wchar_t* text) noexcept {
  if (text == nullptr) return;
  const std::size_t needed = std::min(std::wcslen(text) * 4, longest_text_bytes);
  char* out = on_stack_;
  std::size_t capacity = sizeof(on_stack_);
  if (needed > capacity) {
    on_heap_ = static_cast<char*>(std::malloc(needed));
    if (on_heap_ != nullptr) {
      out = on_heap_;
      capacity = needed;
    }
  }
  body.text = out;
  body.text_bytes = wide_to_utf8(text, out, capacity);
  header.text_kind = TextKind::inlined;
  header.text = static_cast<std::uint32_t>(body.text_bytes);
}

void EventArguments::set_payload(const nvtxEventAttributes_t& attributes) noexcept {
  const auto& value = attributes.payload;
  const auto set = [this](PayloadKind kind, std::uint64_t bits) {
    header.payload_kind = kind;
    header.payload_bits = bits;
  };
  switch (attributes.payloadType) {
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT64:
      return set(PayloadKind::uint64, value.ullValue);
    case NVTX_PAYLOAD_TYPE_INT64:
      return set(PayloadKind::int64, static_cast<std::uint64_t>(value.llValue));
    case NVTX_PAYLOAD_TYPE_DOUBLE:
      return set(PayloadKind::float64, std::bit_cast<std::uint64_t>(value.dValue));
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT32:
      return set(PayloadKind::uint32, value.uiValue);
    case NVTX_PAYLOAD_TYPE_INT32:
      return set(PayloadKind::int32, static_cast<std::uint32_t>(value.iValue));
    case NVTX_PAYLOAD_TYPE_FLOAT:
      return set(PayloadKind::float32, std::bit_cast<std::uint32_t>(value.fValue));
    case NVTX_PAYLOAD_TYPE_EXT:
      return set_payloads(reinterpret_cast<const nvtxPayloadData_t*>(value.ullValue),
                          static_cast<std::size_t>(std::max<std::int64_t>(attributes.reserved0, 0)));
    default:
      return;
  }
}

void EventArguments::set_payloads(const nvtxPayloadData_t* payloads, std::size_t count) noexcept {
  if (payloads == nullptr || count == 0) return;
  if (header.text_kind == TextKind::none) set_text_of(payloads, count);
  // The first is the event's own. A size of SIZE_MAX means text up to its zero: not taken.
  const nvtxPayloadData_t& own = payloads[0];
  if (own.payload == nullptr || own.size == 0 || own.size > longest_binary_bytes) return;
  header.payload_kind = PayloadKind::binary;
  header.payload_bits = own.size;
  body.binary = own.payload;
  body.binary_bytes = own.size;
}

void EventArguments::set_text_of(const nvtxPayloadData_t* payloads, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (set_message(payloads[i])) return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const PayloadSchema* schema = find_payload_schema(header.domain, payloads[i].schemaId);
    if (schema != nullptr && schema->name) return set_registered(*schema->name);
  }
}

// Whether the payload holds a text.
bool EventArguments::set_message(const nvtxPayloadData_t& payload) noexcept {
  const PayloadSchema* schema = find_payload_schema(header.domain, payload.schemaId);
  if (schema == nullptr || schema->message == PayloadSchema::Message::none || payload.payload == nullptr) return false;
  const bool embedded = schema->message == PayloadSchema::Message::embedded;
  const std::uint64_t needed = embedded ? schema->message_bytes : sizeof(void*);
  if (payload.size < needed || payload.size - needed < schema->message_offset) return false;
  const char* place = static_cast<const char*>(payload.payload) + schema->message_offset;
  if (embedded) {
    body.text = place;
    body.text_bytes = strnlen(place, std::min<std::uint64_t>(needed, longest_text_bytes));
    header.text_kind = TextKind::inlined;
    header.text = static_cast<std::uint32_t>(body.text_bytes);
    return true;
  }
  const void* pointer = nullptr;
  std::memcpy(&pointer, place, sizeof(pointer));
  if (pointer == nullptr) return false;
  if (schema->message == PayloadSchema::Message::registered) {
    set_registered(static_cast<const RegisteredString*>(pointer)->index);
  } else {
    set_text(static_cast<const char*>(pointer));
  }
  return true;
}

void EventArguments::set_registered(std::uint32_t index) noexcept {
  header.text_kind = TextKind::registered;
  header.text = index;
}

}  // namespace foldperf::collectors

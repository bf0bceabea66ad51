#include "collectors/buffer/ring_buffer.hpp"

#include <sys/mman.h>

#include <bit>
#include <cstring>

namespace foldperf::collectors {
namespace {

constexpr std::size_t smallest_capacity = 4096;

constexpr std::size_t round_up_to_8(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

}  // namespace

RingBuffer::RingBuffer(std::size_t capacity_bytes) noexcept {
  const std::size_t wanted = std::bit_ceil(capacity_bytes < smallest_capacity ? smallest_capacity : capacity_bytes);
  void* memory = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) {
    memory_ = static_cast<std::byte*>(memory);
    capacity_ = wanted;
  }
}

RingBuffer::~RingBuffer() {
  if (memory_ != nullptr) munmap(memory_, capacity_);
}

bool RingBuffer::write(EventHeader header, const char* text, std::size_t text_bytes, const void* binary,
                       std::size_t binary_bytes, std::size_t keep_free) noexcept {
  const std::size_t size = round_up_to_8(sizeof(EventHeader) + text_bytes + binary_bytes);
  const std::size_t offset = head_local_ & (capacity_ - 1);
  const std::size_t to_end = capacity_ - offset;
  const std::size_t padding = size > to_end ? to_end : 0;
  const std::size_t needed = padding + size + keep_free;
  if (needed > capacity_ - (head_local_ - tail_cache_)) {
    tail_cache_ = tail_.load(std::memory_order_acquire);
    if (capacity_ == 0 || needed > capacity_ - (head_local_ - tail_cache_)) return false;
  }
  if (padding != 0) {
    // 8 bytes are all that padding is sure to have: size and kind.
    EventHeader filler;
    filler.size = static_cast<std::uint32_t>(padding);
    filler.kind = EventKind::padding;
    std::memcpy(memory_ + offset, &filler, 8);
  }
  std::byte* place = memory_ + ((head_local_ + padding) & (capacity_ - 1));
  header.size = static_cast<std::uint32_t>(size);
  std::memcpy(place, &header, sizeof(header));
  if (text_bytes != 0) std::memcpy(place + sizeof(header), text, text_bytes);
  if (binary_bytes != 0) std::memcpy(place + sizeof(header) + text_bytes, binary, binary_bytes);
  head_local_ += padding + size;
  head_.store(head_local_, std::memory_order_release);
  return true;
}

EventView RingBuffer::view(const EventHeader& header) noexcept {
  EventView event;
  event.header = &header;
  const char* bytes = reinterpret_cast<const char*>(&header) + sizeof(EventHeader);
  std::size_t text_bytes = 0;
  if (header.text_kind == TextKind::inlined) {
    text_bytes = header.text;
    event.text = std::string_view(bytes, text_bytes);
  }
  if (header.payload_kind == PayloadKind::binary) {
    event.binary = std::string_view(bytes + text_bytes, static_cast<std::size_t>(header.payload_bits));
  }
  return event;
}

}  // namespace foldperf::collectors

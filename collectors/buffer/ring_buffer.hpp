// A ring of bytes between one producing thread and one consuming thread, without locks.
//
// Records are whole multiples of 8 bytes and lie in one piece; where one does not fit before the end of the ring, the
// rest is filled with padding that the consumer skips. Memory comes from mmap and is touched only as far as it is used.
//
// Thread safety: the producer's functions by one thread, the consumer's by one thread (or by several under a lock).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "collectors/buffer/event.hpp"

namespace foldperf::collectors {

class RingBuffer {
 public:
  // capacity_bytes is rounded up to a power of two, at least one page.
  explicit RingBuffer(std::size_t capacity_bytes) noexcept;
  ~RingBuffer();
  RingBuffer(const RingBuffer&) = delete;
  RingBuffer& operator=(const RingBuffer&) = delete;

  // False where the system gave no memory: every write then fails.
  [[nodiscard]] bool valid() const noexcept { return memory_ != nullptr; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  // Producer: writes header, text and binary as one record, provided that `keep_free` bytes stay free after it.
  // header.size is set here; header.text and header.payload_bits must hold the lengths. False: no room.
  bool write(EventHeader header, const char* text, std::size_t text_bytes, const void* binary, std::size_t binary_bytes,
             std::size_t keep_free) noexcept;

  // Producer: whether more than `bytes` wait for the consumer. Looks at the consumer's position, which costs a cache
  // miss, only where its last known one says yes.
  [[nodiscard]] bool holds_more_than(std::size_t bytes) noexcept {
    if (head_local_ - tail_cache_ <= bytes) return false;
    tail_cache_ = tail_.load(std::memory_order_acquire);
    return head_local_ - tail_cache_ > bytes;
  }

  // Consumer: calls visit(EventView) for every record that is there, oldest first. Space is given back record by
  // record.
  template <typename Visit>
  std::size_t drain(Visit&& visit) {
    std::size_t count = 0;
    const std::size_t head = head_.load(std::memory_order_acquire);
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    while (tail != head) {
      const auto* header = reinterpret_cast<const EventHeader*>(memory_ + (tail & (capacity_ - 1)));
      // Only the first 8 bytes of padding are certain to be there.
      const std::size_t size = header->size;
      if (header->kind != EventKind::padding) {
        visit(view(*header));
        ++count;
      }
      tail += size;
      tail_.store(tail, std::memory_order_release);
    }
    return count;
  }

  [[nodiscard]] bool empty() const noexcept {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

 private:
  static EventView view(const EventHeader& header) noexcept;

  std::byte* memory_ = nullptr;
  std::size_t capacity_ = 0;
  // Producer's side; offsets grow without bound and are taken modulo the capacity.
  alignas(64) std::size_t head_local_ = 0;
  std::size_t tail_cache_ = 0;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace foldperf::collectors

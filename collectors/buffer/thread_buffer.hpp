// What one thread of the watched process owns: its ring of events, its stacks of open push/pop ranges, and the counts
// of what did not fit.
//
// An accepted push keeps the room that its pop will need, so a pop is never lost: a range is recorded whole or not at
// all. A program may forget its pops: such room is at most a quarter of the ring, and a push beyond it is not taken.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "collectors/buffer/event.hpp"
#include "collectors/buffer/ring_buffer.hpp"

namespace foldperf::collectors {

// Text and payload of an event beside its header.
struct EventBody {
  const char* text = nullptr;
  std::size_t text_bytes = 0;
  const void* binary = nullptr;
  std::size_t binary_bytes = 0;
};

class ThreadBuffer {
 public:
  ThreadBuffer(std::size_t capacity_bytes, pid_t thread_id) noexcept : ring_(capacity_bytes), thread_id_(thread_id) {}

  // Owner thread. Never throws; what does not fit is counted.
  void mark(const EventHeader& header, const EventBody& body) noexcept;
  // Depth of the new range in its domain, from 0, as nvtxRangePush returns it.
  int push(const EventHeader& header, const EventBody& body) noexcept;
  // Depth of the closed range; -1 where no range of this domain is open.
  int pop(std::uint32_t domain, std::int64_t time_ns) noexcept;
  void start_range(const EventHeader& header, const EventBody& body) noexcept;
  void end_range(std::uint32_t domain, std::uint64_t range_id, std::int64_t time_ns) noexcept;

  // What has neither text nor payload: what CUPTI tells of a CUDA graph while this thread works on it, calls.
  void bare_event(const EventHeader& header) noexcept;

  // Owner thread: the ring is more than half full, so the consumer should be woken.
  [[nodiscard]] bool wants_draining() noexcept { return ring_.holds_more_than(ring_.capacity() / 2); }

  // Set by the owner as its last act; the consumer frees the buffer once it is drained.
  void retire() noexcept { retired_.store(true, std::memory_order_release); }
  [[nodiscard]] bool retired() const noexcept { return retired_.load(std::memory_order_acquire); }

  // Consumer.
  RingBuffer& ring() noexcept { return ring_; }
  [[nodiscard]] pid_t thread_id() const noexcept { return thread_id_; }
  [[nodiscard]] std::uint64_t dropped(EventKind kind) const noexcept {
    return dropped_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  // Pushes that were not taken because too many ranges were open; not among dropped().
  [[nodiscard]] std::uint64_t pushes_too_deep() const noexcept {
    return pushes_too_deep_.load(std::memory_order_relaxed);
  }

 private:
  // A signal handler may call NVTX in the middle of a call of its own thread: the inner event is dropped and counted.
  class Entry;

  bool write(const EventHeader& header, const EventBody& body, std::size_t extra_room) noexcept;
  void count_dropped(EventKind kind) noexcept;
  std::vector<bool>* stack_of(std::uint32_t domain) noexcept;

  RingBuffer ring_;
  pid_t thread_id_;
  volatile bool busy_ = false;
  // By domain: for each open range whether its push was recorded.
  std::vector<std::vector<bool>> open_;
  std::size_t owed_pops_ = 0;
  std::atomic<bool> retired_{false};
  std::array<std::atomic<std::uint64_t>, event_kinds> dropped_{};
  std::atomic<std::uint64_t> pushes_too_deep_{0};
};

}  // namespace foldperf::collectors

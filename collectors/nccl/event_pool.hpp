// The events that NCCL has told us of and that are not yet in the database: a fixed pool of slots, so that starting an
// event takes neither a lock nor memory.
//
// NCCL holds on to handles for longer than events live: a call captured into a CUDA graph is named as parent at every
// replay, and children of a collective start long after the collective was "stopped" (which means that it was
// enqueued). So a handle is no pointer: it holds the slot's index and its generation, and one that has outlived its
// event is known as such. A slot is free again when nobody holds it: the one who made it, its children, the thread that
// writes it.
//
// Thread safety: all functions from any thread, without locks, except those that say otherwise.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/records/records.hpp"

namespace foldperf::collectors::nccl {

struct Communicator;

enum class EventType : std::uint8_t { call, collective, channel, proxy_operation, proxy_step };

inline constexpr std::size_t wait_states = 6;

// A text of NCCL's, copied: its library may be gone when we write.
struct ShortText {
  std::array<char, 20> bytes{};
  void assign(const char* text) noexcept;
  [[nodiscard]] const char* c_str() const { return bytes.data(); }
};

inline constexpr std::uint32_t no_slot = UINT32_MAX;
inline constexpr std::int64_t unknown_time = INT64_MIN;

struct alignas(64) Slot {
  // generation << 32 | holders. Without holders the slot is free, or about to be.
  std::atomic<std::uint64_t> life{0};
  std::atomic<std::uint32_t> next{no_slot};  // in the list of free or of stopped slots
  std::atomic<bool> stopped{false};

  // Set before anybody else sees the slot.
  EventType type = EventType::call;
  bool captured = false;        // call: into a CUDA graph. collective: a replay of such a call
  bool point_to_point = false;  // collective
  bool foreign = false;         // proxy operation: works for another process
  std::uint8_t channel = 0;
  std::uint32_t parent = no_slot;  // held
  Communicator* communicator = nullptr;
  std::int64_t id = 0;          // collective: unlike for all of the process
  std::int64_t start_ns = 0;    // monotonic_ns()
  std::int64_t called_ns = 0;   // collective: when the program called; its own start where that is not known
  std::int64_t global_tid = 0;  // of the thread that called
  std::uint64_t sequence = 0;
  std::int64_t bytes = 0;
  std::int64_t replay = 0;
  std::int32_t peer = -1, root = -1;
  std::uint64_t asked = 0;       // of CallStacks, where the thread may have ranges open
  std::uint32_t call = no_slot;  // collective: held, so that its ranges are not forgotten
  std::int32_t channels = -1;    // collective: whose kernels will tell; -1: not told
  bool is_send = false;
  ShortText operation, datatype, algorithm, protocol;

  // Changed by children and by the thread that stops the event.
  std::atomic<std::int64_t> stop_ns{unknown_time};
  std::atomic<std::int64_t> first_ns{unknown_time};  // first start of a channel of its kernel
  std::atomic<std::int64_t> last_ns{unknown_time};   // last stop of a child
  std::atomic<std::uint64_t> gpu_start{UINT64_MAX};  // first and last reading of the GPU's timer
  std::atomic<std::uint64_t> gpu_end{0};
  std::atomic<std::int32_t> channels_done{0};
  std::atomic<std::uint32_t> replays{0};  // call: how often it was seen as parent
  std::atomic<std::int32_t> state{-1};    // proxy step: the wait it is in
  std::atomic<std::int64_t> state_since{0};
  std::array<std::atomic<std::int64_t>, wait_states> wait_ns{};
  std::array<std::atomic<std::int32_t>, wait_states> wait_steps{};

  // The writing thread's own.
  std::int64_t written_ns = unknown_time;  // when a row without end was written
  std::uint8_t rounds_without_stack = 0;
};

class EventPool {
 public:
  explicit EventPool(std::uint32_t capacity) noexcept;
  EventPool(const EventPool&) = delete;
  EventPool& operator=(const EventPool&) = delete;

  // A slot with fresh fields, held by the caller, not yet visible: publish() makes its handle. Null: all are in use.
  Slot* acquire() noexcept;
  void* publish(Slot& slot) noexcept;

  // The event of a handle, held once more; null where the handle is none of ours or has outlived its event.
  Slot* hold(const void* handle) noexcept;
  void release(Slot& slot, std::uint32_t holders = 1) noexcept;

  // True where the caller was the last to hold it: nobody else can now, and free() must follow.
  bool close(Slot& slot) noexcept;
  void free(Slot& slot) noexcept;

  // Hands the event to the writing thread.
  void push_stopped(Slot& slot) noexcept;
  // All that were handed over, oldest first: the first one, the others by `next`. One thread at a time.
  std::uint32_t take_stopped() noexcept;

  Slot& at(std::uint32_t index) noexcept { return slots_[index]; }
  std::uint32_t index_of(const Slot& slot) const noexcept { return static_cast<std::uint32_t>(&slot - slots_); }
  // Slots that were ever used are the first so many.
  [[nodiscard]] std::uint32_t used() const noexcept;
  [[nodiscard]] std::uint32_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }

 private:
  Slot* slots_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::atomic<std::uint32_t> fresh_{0};          // the slots from here on were never used
  std::atomic<std::uint64_t> free_{no_slot};     // count of changes << 32 | first free slot
  std::atomic<std::uint32_t> stopped_{no_slot};  // last stopped slot
  std::atomic<std::uint32_t> in_use_{0};
};

}  // namespace foldperf::collectors::nccl

#include "collectors/nccl/event_pool.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace foldperf::collectors::nccl {
namespace {

constexpr unsigned index_bits = 20;
constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
constexpr std::uint64_t low_mask = UINT32_MAX;

}  // namespace

void ShortText::assign(const char* text) noexcept {
  std::size_t length = 0;
  if (text != nullptr) length = strnlen(text, bytes.size() - 1);
  if (length != 0) std::memcpy(bytes.data(), text, length);
  bytes[length] = '\0';
}

EventPool::EventPool(std::uint32_t capacity) noexcept {
  // Pages that no event has used take no memory.
  void* memory = mmap(nullptr, sizeof(Slot) * capacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  slots_ = static_cast<Slot*>(memory);
  capacity_ = capacity;
}

std::uint32_t EventPool::used() const noexcept {
  const std::uint32_t fresh = fresh_.load(std::memory_order_acquire);
  return fresh < capacity_ ? fresh : capacity_;
}

Slot* EventPool::acquire() noexcept {
  Slot* slot = nullptr;
  std::uint64_t head = free_.load(std::memory_order_acquire);
  while ((head & low_mask) != no_slot) {
    Slot& first = slots_[head & low_mask];
    const std::uint64_t next = ((head >> 32) + 1) << 32 | first.next.load(std::memory_order_relaxed);
    if (free_.compare_exchange_weak(head, next, std::memory_order_acquire)) {
      slot = &first;
      break;
    }
  }
  if (slot == nullptr) {
    if (fresh_.load(std::memory_order_relaxed) >= capacity_) return nullptr;
    const std::uint32_t index = fresh_.fetch_add(1, std::memory_order_relaxed);
    if (index >= capacity_) return nullptr;
    slot = new (&slots_[index]) Slot;
    slot->life.store(std::uint64_t{1} << 32, std::memory_order_relaxed);
  }
  in_use_.fetch_add(1, std::memory_order_relaxed);
  slot->next.store(no_slot, std::memory_order_relaxed);
  slot->stopped.store(false, std::memory_order_relaxed);
  slot->captured = slot->point_to_point = slot->foreign = slot->is_send = false;
  slot->written_ns = unknown_time;
  slot->channel = 0;
  slot->parent = slot->call = no_slot;
  slot->asked = 0;
  slot->rounds_without_stack = 0;
  slot->communicator = nullptr;
  slot->id = slot->start_ns = slot->called_ns = slot->global_tid = slot->bytes = slot->replay = 0;
  slot->sequence = 0;
  slot->peer = slot->root = slot->channels = -1;
  slot->operation.assign(nullptr);
  slot->datatype.assign(nullptr);
  slot->algorithm.assign(nullptr);
  slot->protocol.assign(nullptr);
  slot->stop_ns.store(unknown_time, std::memory_order_relaxed);
  slot->first_ns.store(unknown_time, std::memory_order_relaxed);
  slot->last_ns.store(unknown_time, std::memory_order_relaxed);
  slot->gpu_start.store(UINT64_MAX, std::memory_order_relaxed);
  slot->gpu_end.store(0, std::memory_order_relaxed);
  slot->channels_done.store(0, std::memory_order_relaxed);
  slot->replays.store(0, std::memory_order_relaxed);
  slot->state.store(-1, std::memory_order_relaxed);
  slot->state_since.store(0, std::memory_order_relaxed);
  for (auto& ns : slot->wait_ns) ns.store(0, std::memory_order_relaxed);
  for (auto& steps : slot->wait_steps) steps.store(0, std::memory_order_relaxed);
  return slot;
}

void* EventPool::publish(Slot& slot) noexcept {
  // Nobody changes the life of a slot without holders.
  const std::uint64_t generation = slot.life.load(std::memory_order_relaxed) >> 32;
  slot.life.store(generation << 32 | 1, std::memory_order_release);
  return reinterpret_cast<void*>(generation << index_bits | index_of(slot));
}

Slot* EventPool::hold(const void* handle) noexcept {
  const auto bits = reinterpret_cast<std::uint64_t>(handle);
  const std::uint64_t index = bits & index_mask;
  const std::uint64_t generation = bits >> index_bits;
  if (generation == 0 || generation > low_mask || index >= used()) return nullptr;
  Slot& slot = slots_[index];
  std::uint64_t life = slot.life.load(std::memory_order_acquire);
  while (life >> 32 == generation && (life & low_mask) != 0) {
    if (slot.life.compare_exchange_weak(life, life + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return &slot;
    }
  }
  return nullptr;
}

void EventPool::release(Slot& slot, std::uint32_t holders) noexcept {
  const std::uint64_t before = slot.life.fetch_sub(holders, std::memory_order_acq_rel);
  if ((before & low_mask) == holders) free(slot);
}

bool EventPool::close(Slot& slot) noexcept {
  std::uint64_t life = slot.life.load(std::memory_order_acquire);
  return (life & low_mask) == 1 && slot.life.compare_exchange_strong(life, life - 1, std::memory_order_acq_rel);
}

void EventPool::free(Slot& slot) noexcept {
  std::uint64_t generation = (slot.life.load(std::memory_order_relaxed) >> 32) + 1;
  if ((generation & low_mask) == 0) generation = 1;
  slot.life.store((generation & low_mask) << 32, std::memory_order_release);
  in_use_.fetch_sub(1, std::memory_order_relaxed);
  std::uint64_t head = free_.load(std::memory_order_relaxed);
  while (true) {
    slot.next.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    const std::uint64_t mine = ((head >> 32) + 1) << 32 | index_of(slot);
    if (free_.compare_exchange_weak(head, mine, std::memory_order_release, std::memory_order_relaxed)) return;
  }
}

void EventPool::push_stopped(Slot& slot) noexcept {
  std::uint32_t head = stopped_.load(std::memory_order_relaxed);
  do {
    slot.next.store(head, std::memory_order_relaxed);
  } while (!stopped_.compare_exchange_weak(head, index_of(slot), std::memory_order_release, std::memory_order_relaxed));
}

std::uint32_t EventPool::take_stopped() noexcept {
  std::uint32_t last = stopped_.exchange(no_slot, std::memory_order_acquire);
  std::uint32_t first = no_slot;
  while (last != no_slot) {  // turned round
    const std::uint32_t next = slots_[last].next.load(std::memory_order_relaxed);
    slots_[last].next.store(first, std::memory_order_relaxed);
    first = last;
    last = next;
  }
  return first;
}

}  // namespace foldperf::collectors::nccl

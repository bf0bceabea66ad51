#include "collectors/buffer/thread_buffer.hpp"

#include <new>

namespace foldperf::collectors {
namespace {

// A pop, and the padding that its first one after the ring's end may cost.
constexpr std::size_t pop_bytes = sizeof(EventHeader);

// Only the owner writes: no read-modify-write instruction is needed.
void count_one(std::atomic<std::uint64_t>& count) noexcept {
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

class ThreadBuffer::Entry {
 public:
  explicit Entry(ThreadBuffer& buffer) noexcept : buffer_(buffer), entered_(!buffer.busy_) {
    if (entered_) buffer_.busy_ = true;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~Entry() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (entered_) buffer_.busy_ = false;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  explicit operator bool() const noexcept { return entered_; }

 private:
  ThreadBuffer& buffer_;
  bool entered_;
};

void ThreadBuffer::count_dropped(EventKind kind) noexcept { count_one(dropped_[static_cast<std::size_t>(kind)]); }

bool ThreadBuffer::write(const EventHeader& header, const EventBody& body, std::size_t extra_room) noexcept {
  const std::size_t owed = (owed_pops_ + 1) * pop_bytes + extra_room;
  if (ring_.write(header, body.text, body.text_bytes, body.binary, body.binary_bytes, owed)) return true;
  count_dropped(header.kind);
  return false;
}

std::vector<bool>* ThreadBuffer::stack_of(std::uint32_t domain) noexcept {
  try {
    if (domain >= open_.size()) open_.resize(domain + 1);
    return &open_[domain];
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void ThreadBuffer::mark(const EventHeader& header, const EventBody& body) noexcept {
  const Entry entry(*this);
  if (!entry) return count_dropped(EventKind::mark);
  write(header, body, 0);
}

int ThreadBuffer::push(const EventHeader& header, const EventBody& body) noexcept {
  const Entry entry(*this);
  std::vector<bool>* stack = entry ? stack_of(header.domain) : nullptr;
  if (stack == nullptr) {
    count_dropped(EventKind::push);
    return -1;
  }
  try {
    stack->push_back(false);
  } catch (const std::bad_alloc&) {
    count_dropped(EventKind::push);
    return -1;
  }
  if ((owed_pops_ + 1) * pop_bytes > ring_.capacity() / 4) {
    count_one(pushes_too_deep_);
  } else if (write(header, body, pop_bytes)) {
    stack->back() = true;
    ++owed_pops_;
  }
  return static_cast<int>(stack->size()) - 1;
}

int ThreadBuffer::pop(std::uint32_t domain, std::int64_t time_ns) noexcept {
  const Entry entry(*this);
  if (!entry || domain >= open_.size() || open_[domain].empty()) return -1;
  std::vector<bool>& stack = open_[domain];
  const bool recorded = stack.back();
  stack.pop_back();
  if (recorded) {
    --owed_pops_;
    EventHeader header;
    header.kind = EventKind::pop;
    header.domain = domain;
    header.time_ns = time_ns;
    // The push kept this room, beside that of the pops still owed.
    if (!ring_.write(header, nullptr, 0, nullptr, 0, owed_pops_ * pop_bytes)) count_dropped(EventKind::pop);
  }
  return static_cast<int>(stack.size());
}

void ThreadBuffer::start_range(const EventHeader& header, const EventBody& body) noexcept {
  const Entry entry(*this);
  if (!entry) return count_dropped(EventKind::start);
  write(header, body, 0);
}

void ThreadBuffer::bare_event(const EventHeader& header) noexcept {
  const Entry entry(*this);
  if (!entry) return count_dropped(header.kind);
  write(header, {}, 0);
}

void ThreadBuffer::end_range(std::uint32_t domain, std::uint64_t range_id, std::int64_t time_ns) noexcept {
  const Entry entry(*this);
  if (!entry) return count_dropped(EventKind::end);
  EventHeader header;
  header.kind = EventKind::end;
  header.domain = domain;
  header.range_id = range_id;
  header.time_ns = time_ns;
  write(header, {}, 0);
}

}  // namespace foldperf::collectors

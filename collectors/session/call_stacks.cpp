#include "collectors/session/call_stacks.hpp"

#include <cstddef>
#include <new>

#include "collectors/clock.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors {

CallStacks& CallStacks::instance() {
  alignas(CallStacks) static std::byte place[sizeof(CallStacks)];
  static CallStacks* const stacks = new (place) CallStacks;
  return *stacks;
}

std::uint64_t CallStacks::ask() noexcept {
  ThreadBuffer* buffer = this_threads_buffer;
  if (buffer == nullptr) return 0;
  EventHeader header;
  header.kind = EventKind::call;
  header.time_ns = monotonic_ns();
  header.range_id = last_.fetch_add(1, std::memory_order_relaxed) + 1;
  buffer->bare_event(header);
  if (buffer->wants_draining()) Session::instance().wake();
  return header.range_id;
}

void CallStacks::tell(std::uint64_t call, std::uint32_t stack) { stacks_.insert_or_assign(call, stack); }

std::optional<std::uint32_t> CallStacks::stack_of(std::uint64_t call) const {
  const auto found = stacks_.find(call);
  return found == stacks_.end() ? std::nullopt : std::optional<std::uint32_t>(found->second);
}

void CallStacks::forget(std::uint64_t call) noexcept { stacks_.erase(call); }

void CallStacks::forget_all() noexcept { stacks_.clear(); }

}  // namespace foldperf::collectors

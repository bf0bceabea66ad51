// The NVTX ranges that were open where a thread made a call that a door tells of later and elsewhere: a collective's.
//
// The call is put into its thread's ring, between the ranges that were opened before and after it; whoever reads the
// ring finds the stack and keeps it here until the door asks for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace foldperf::collectors {

class CallStacks {
 public:
  static CallStacks& instance();

  // On the thread that calls, at any time, without locks: the call's number. 0: no range is open, since the thread
  // never used NVTX.
  std::uint64_t ask() noexcept;

  // By the session's thread only, or whoever drains in its place.
  void tell(std::uint64_t call, std::uint32_t stack);
  // Of RangeStacks, 0: none was open. nullopt: the ring was not read yet, or had no room for the call.
  [[nodiscard]] std::optional<std::uint32_t> stack_of(std::uint64_t call) const;
  void forget(std::uint64_t call) noexcept;
  void forget_all() noexcept;  // in a child of fork()

 private:
  CallStacks() = default;
  std::atomic<std::uint64_t> last_{0};
  std::unordered_map<std::uint64_t, std::uint32_t> stacks_;
};

}  // namespace foldperf::collectors

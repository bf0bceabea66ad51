#include "collectors/nccl/communicators.hpp"

#include <cstring>
#include <exception>

namespace foldperf::collectors::nccl {

std::int64_t Communicator::occurrence(const char* operation, std::uint64_t sequence) noexcept {
  const std::lock_guard lock(mutex_);
  for (Last& last : last_) {
    if (last.count < 0) std::strncpy(last.operation.data(), operation, last.operation.size() - 1);
    if (std::strncmp(last.operation.data(), operation, last.operation.size()) != 0) continue;
    last.count = last.count >= 0 && last.sequence == sequence ? last.count + 1 : 0;
    last.sequence = sequence;
    return last.count;
  }
  return 0;  // NCCL has five operations
}

std::uint64_t Communicator::next_point_to_point(std::int32_t peer, bool is_send) noexcept {
  constexpr std::int32_t most_peers = 1 << 20;
  if (peer < 0 || peer >= most_peers) return 0;
  const std::lock_guard lock(mutex_);
  try {
    const auto place = static_cast<std::size_t>(peer);
    if (peers_.size() <= place) peers_.resize(place + 1);
    return peers_[place][is_send ? 1 : 0]++;
  } catch (const std::exception&) {
    return 0;  // no memory: joined with nothing
  }
}

}  // namespace foldperf::collectors::nccl

// The communicators of this process, and what has to be counted for each: NCCL numbers collectives per communicator and
// operation, and gives the number again for each replay of a CUDA graph unless it times kernels; it does not number
// sends and receives at all.
//
// Thread safety: all functions may be called from any thread; a short lock of one communicator.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "collectors/nccl/event_pool.hpp"

namespace foldperf::collectors::nccl {

// Never destroyed: handles and contexts outlive it in NCCL.
struct Communicator {
  std::int64_t index = 0;  // in this process, from 1
  std::uint64_t id = 0;    // the same in all its ranks
  std::string name;
  std::int64_t size = 0;  // 0: not told
  std::int64_t rank = 0;
  bool kernels = false;           // NCCL tells of the kernels of its collectives
  std::atomic<bool> over{false};  // finalised: nothing more will come of it

  // How often this number of this operation was seen before.
  std::int64_t occurrence(const char* operation, std::uint64_t sequence) noexcept;

  // Numbers sends to, or receives from, a peer: from 0.
  std::uint64_t next_point_to_point(std::int32_t peer, bool is_send) noexcept;

 private:
  struct Last {
    std::array<char, 20> operation{};
    std::uint64_t sequence = 0;
    std::int64_t count = -1;
  };
  std::mutex mutex_;
  std::array<Last, 16> last_{};
  std::vector<std::array<std::uint64_t, 2>> peers_;
};

}  // namespace foldperf::collectors::nccl

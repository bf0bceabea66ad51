// What the steps of NCCL's proxy thread wait for, one word a state.
#pragma once

#include <cstdint>
#include <optional>

#include "collectors/nccl/abi.hpp"
#include "collectors/nccl/event_pool.hpp"

namespace foldperf::collectors::nccl {

// Index into Slot::wait_ns of a state that recordEventState tells; empty: no wait of a step.
constexpr std::optional<std::int32_t> wait_state(int state) {
  switch (state) {
    case abi::send_gpu_wait:
      return 0;
    case abi::send_peer_wait:
      return 1;
    case abi::send_wait:
      return 2;
    case abi::receive_wait:
      return 3;
    case abi::receive_flush_wait:
      return 4;
    case abi::receive_gpu_wait:
      return 5;
    default:
      return std::nullopt;
  }
}

// NCCL's words. SendGPUWait: for the GPU to fill the buffer; SendPeerWait: for the receiver to be ready; SendWait: for
// the network; RecvWait: for data; RecvFlushWait: for it to be visible; RecvGPUWait: for the GPU to take it.
constexpr const char* wait_state_name(std::size_t index) {
  constexpr const char* names[wait_states] = {"SendGPUWait", "SendPeerWait",  "SendWait",
                                              "RecvWait",    "RecvFlushWait", "RecvGPUWait"};
  return names[index];
}

}  // namespace foldperf::collectors::nccl

// PyTorch's CUDA graph, for captures that may break off.
#pragma once

#include <ATen/cuda/CUDAGraph.h>

namespace foldperf::trainer {

// PyTorch means a process to end where a capture breaks off: its memory pool goes on being lent to it, so that the next
// capture into that pool is refused, and the random generator goes on expecting a capture, so that the next dropout
// without a graph throws. abandon() takes both back.
class BreakableGraph : public at::cuda::CUDAGraph {
 public:
  // After a capture_end() that threw; does nothing where the capture ended well. Throws nothing.
  void abandon() noexcept;
};

}  // namespace foldperf::trainer

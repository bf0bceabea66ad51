#include "trainer/graph/breakable_graph.hpp"

#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include <exception>
#include <utility>

namespace foldperf::trainer {

namespace {

// How far capture_end() came does not show: a part that is undone already objects, which is as good.
template <typename Undo>
void undo(Undo&& part) noexcept {
  try {
    std::forward<Undo>(part)();
  } catch (const std::exception&) {
  }
}

}  // namespace

void BreakableGraph::abandon() noexcept {
  if (capture_ended_ || capture_dev_ == UNDEFINED_DEVICE) return;
  // What capture_end() does once CUDA has ended the capture, and reset() only for captures that ended well.
  namespace pools = c10::cuda::CUDACachingAllocator;
  undo([&] { pools::endAllocateToPool(capture_dev_, mempool_id_); });
  undo([&] { pools::releasePool(capture_dev_, mempool_id_); });
  undo([&] { at::getHostAllocator(at::kCUDA)->end_allocate_to_pool(mempool_id_); });
  undo([&] { at::getHostAllocator(at::kCUDA)->release_pool(mempool_id_); });
  for (const auto& [generator, increment] : captured_generator_states_) generator->capturing_ = false;
}

}  // namespace foldperf::trainer

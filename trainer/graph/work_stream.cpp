#include "trainer/graph/work_stream.hpp"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace foldperf::trainer {

namespace {

void let_wait(c10::cuda::CUDAStream later, c10::cuda::CUDAStream earlier) {
  at::cuda::CUDAEvent event;
  event.record(earlier);
  event.block(later);
}

}  // namespace

struct WorkStream::Guard {
  explicit Guard(c10::DeviceIndex device)
      : before(c10::cuda::getCurrentCUDAStream(device)),
        stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device)),
        guard(stream) {
    let_wait(stream, before);
  }
  ~Guard() { let_wait(before, stream); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  c10::cuda::CUDAStream before;
  c10::cuda::CUDAStream stream;
  c10::cuda::CUDAStreamGuard guard;
};

WorkStream::WorkStream(c10::Device device) {
  if (device.is_cuda()) guard_ = std::make_unique<Guard>(device.index());
}

WorkStream::~WorkStream() = default;

}  // namespace foldperf::trainer

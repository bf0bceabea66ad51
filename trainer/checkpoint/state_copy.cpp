#include "trainer/checkpoint/state_copy.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{16} << 20;

at::Device device_of(const TrainingTensors& tensors) {
  if (tensors.model.empty()) throw Error("there are no tensors to make a checkpoint of");
  return tensors.model.begin()->second.device();
}

}  // namespace

StateCopy::StateCopy(TrainingTensors live) : device_(device_of(live)) {
  const at::NoGradGuard no_grad;
  // A chunk has tensors of one type.
  std::map<at::ScalarType, std::vector<std::pair<at::Tensor, at::Tensor*>>> by_type;
  const auto add = [&](const TensorDict& from, TensorDict& to) {
    for (const auto& [name, tensor] : from) {
      if (!tensor.is_contiguous()) throw Error("tensor '" + name + "' of the state is not contiguous");
      by_type[tensor.scalar_type()].emplace_back(tensor.detach(), &to[name]);
    }
  };
  add(live.model, host_.model);
  add(live.average, host_.average);
  add(live.optimizer, host_.optimizer);
  for (const auto& [type, tensors] : by_type) {
    for (std::size_t first = 0; first < tensors.size();) {
      Chunk chunk;
      std::int64_t elements = 0;
      std::size_t end = first;
      while (end < tensors.size()) {
        const at::Tensor& tensor = tensors[end].first;
        const std::int64_t together = elements + tensor.numel();
        if (end > first && static_cast<std::size_t>(together) * at::elementSize(type) > chunk_bytes) break;
        chunk.sources.push_back(tensor.view({-1}));
        elements = together;
        ++end;
      }
      chunk.host = at::empty({elements}, at::TensorOptions(type).pinned_memory(!device_.is_cpu()));
      std::int64_t offset = 0;
      for (std::size_t i = first; i < end; ++i) {
        const at::Tensor& tensor = tensors[i].first;
        *tensors[i].second = chunk.host.narrow(0, offset, tensor.numel()).view(tensor.sizes());
        offset += tensor.numel();
      }
      chunks_.push_back(std::move(chunk));
      first = end;
    }
  }
}

void StateCopy::take() {
  const at::NoGradGuard no_grad;
  for (Chunk& chunk : chunks_) {
    if (device_.is_cpu()) {
      at::cat_out(chunk.host, chunk.sources);
    } else {
      // Freed memory of the device is used again only by later work of this stream.
      const at::Tensor joined = chunk.sources.size() == 1 ? chunk.sources.front() : at::cat(chunk.sources);
      chunk.host.copy_(joined, /*non_blocking=*/true);
    }
  }
  if (device_.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device_.type());
  copied_.emplace(device_.type());
  copied_->record(guard.getStream(device_));
}

void StateCopy::wait() const {
  if (copied_) copied_->synchronize();
}

}  // namespace foldperf::trainer

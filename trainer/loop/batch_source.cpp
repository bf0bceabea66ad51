#include "trainer/loop/batch_source.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foldperf::trainer {

TensorDict to_device(const TensorDict& features, at::Device device) {
  return map_tensors(features, [device](const at::Tensor& tensor) { return tensor.to(device, /*non_blocking=*/true); });
}

TensorDict last_pass(const TensorDict& features) {
  return map_tensors(features, [](const at::Tensor& tensor) { return tensor.select(-1, -1); });
}

TrainingBatch join_batches(std::vector<TrainingBatch> batches) {
  if (batches.empty()) throw Error("no batch to join");
  TrainingBatch joined = std::move(batches.front());
  if (batches.size() == 1) return joined;
  for (auto& [name, tensor] : joined.features) {
    std::vector<at::Tensor> parts{tensor};
    for (std::size_t i = 1; i < batches.size(); ++i) {
      const at::Tensor& part = batches[i].features.at(name);
      if (part.sizes().slice(1) != tensor.sizes().slice(1)) {
        throw Error("samples of different shapes cannot share a batch (" + name + " of " + batches[i].about.chain +
                    "): train.batch_size above 1 needs data.train.fixed_size");
      }
      parts.push_back(part);
    }
    tensor = at::cat(parts);
  }
  for (std::size_t i = 1; i < batches.size(); ++i) {
    joined.more.push_back(std::move(batches[i].about));
    for (facts::BatchFact& fact : batches[i].more) joined.more.push_back(std::move(fact));
  }
  joined.drift = batches.back().drift;
  joined.progress = std::move(batches.back().progress);
  return joined;
}

}  // namespace foldperf::trainer

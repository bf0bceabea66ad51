#include "trainer/data/expand_sample.hpp"

#include <torch/torch.h>

#include <vector>

#include "trainer/data/expanded_alignment.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/tensor_block.hpp"
#include "trainer/data/zeroed_tensor.hpp"

namespace foldperf::trainer {

namespace {

// Features of zeros, padded, in one block on the sample's device.
class ZeroFeatures {
 public:
  void add(const std::string& name, at::ScalarType type, std::vector<std::int64_t> shape) {
    const std::int64_t offset = layout_.add(type, shape);
    places_.push_back({name, type, std::move(shape), offset});
  }
  TensorDict make(at::Device device) const {
    const at::Tensor block = device.is_cpu()
                                 ? zeroed_tensor({layout_.size()}, torch::kUInt8)
                                 : torch::zeros({layout_.size()}, torch::device(device).dtype(torch::kUInt8));
    TensorDict features;
    for (const Place& place : places_) features[place.name] = tensor_at(block, place.offset, place.type, place.shape);
    return features;
  }

 private:
  struct Place {
    std::string name;
    at::ScalarType type;
    std::vector<std::int64_t> shape;
    std::int64_t offset;
  };
  BlockLayout layout_;
  std::vector<Place> places_;
};

TensorDict expand(const CompactSample& sample, const std::function<void(const CompactSample&, TensorDict&)>& fill) {
  const torch::NoGradGuard no_gradients;
  ZeroFeatures zeros;
  std::vector<std::string> varying, padded;
  for (const AlignmentFeature& feature : expanded_features(sample)) {
    zeros.add(feature.name, feature.type, feature.shape);
    varying.push_back(feature.name);
  }
  for (const auto& [name, tensor] : sample.fixed) {
    auto shape = padded_shape(name, tensor.sizes(), sample.size);
    if (tensor.sizes() == at::IntArrayRef(shape)) continue;
    zeros.add(name, tensor.scalar_type(), std::move(shape));
    padded.push_back(name);
  }
  TensorDict features = zeros.make(sample.device());
  fill(sample, features);
  for (const std::string& name : padded) {
    if (sample.fixed.at(name).numel() > 0) copy_to_front(features.at(name), sample.fixed.at(name));
  }
  for (const std::string& name : varying) {
    at::Tensor& tensor = features[name];
    auto shape = tensor.sizes().vec();
    shape.front() = sample.passes;  // where the passes share their alignment
    tensor = tensor.expand(shape).movedim(0, -1).unsqueeze(0);
  }
  for (const auto& [name, tensor] : sample.fixed) {
    const at::Tensor whole = features.contains(name) ? features.at(name) : tensor;
    auto shape = whole.sizes().vec();
    shape.push_back(sample.passes);
    features[name] = whole.unsqueeze(-1).expand(shape).unsqueeze(0);
  }
  return features;
}

}  // namespace

TensorDict expand(const CompactSample& sample, at::Device device) {
  const CompactSample here = sample.to(device, /*non_blocking=*/true);
  return expand(here, device.is_cpu() ? fill_by_loops : fill_by_operators);
}

TensorDict expand_by_operators(const CompactSample& sample) { return expand(sample, fill_by_operators); }

}  // namespace foldperf::trainer

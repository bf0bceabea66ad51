#include "trainer/optim/master_weights.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// Tensors to be put into others of a wider type, and those of the same type: the fused operations take one pair of
// types at a time.
struct Transfers {
  std::vector<at::Tensor> from, to;
};

void add_all(const Transfers& transfers) {
  if (transfers.from.empty()) return;
  if (transfers.from.front().scalar_type() == transfers.to.front().scalar_type()) {
    at::_foreach_add_(transfers.to, transfers.from);
    return;
  }
  std::vector<at::Tensor> widened;
  for (const at::Tensor& target : transfers.to) widened.push_back(at::empty_like(target));
  at::_foreach_copy_(widened, transfers.from);
  at::_foreach_add_(transfers.to, widened);
}

}  // namespace

MasterWeights::MasterWeights(NamedParameters model, const std::vector<at::Tensor>& exact) : model_(std::move(model)) {
  if (exact.size() != model_.size()) throw Error("the model and its exact weights differ in their number");
  for (std::size_t i = 0; i < model_.size(); ++i) {
    const auto& [name, parameter] = model_[i];
    if (parameter.element_size() >= 4) {
      masters_.emplace_back(name, parameter);
      continue;
    }
    const at::Tensor master =
        exact[i].detach().to(parameter.device(), at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    masters_.emplace_back(name, master);
    rounded_.push_back(parameter.detach());
    rounded_from_.push_back(master);
  }
  publish();
}

void MasterWeights::publish() {
  const at::NoGradGuard no_grad;
  if (!rounded_.empty()) at::_foreach_copy_(rounded_, rounded_from_);
}

void MasterWeights::take_gradients(bool first) {
  const at::NoGradGuard no_grad;
  if (accumulated_.empty()) {
    for (const auto& [name, master] : masters_) accumulated_.push_back(at::zeros_like(master.detach()));
  }
  Transfers same, wider;
  std::vector<at::Tensor> without;
  for (std::size_t i = 0; i < model_.size(); ++i) {
    at::Tensor& gradient = model_[i].second.mutable_grad();
    if (!gradient.defined()) {
      without.push_back(accumulated_[i]);
      continue;
    }
    Transfers& transfers = gradient.scalar_type() == accumulated_[i].scalar_type() ? same : wider;
    transfers.from.push_back(gradient);
    transfers.to.push_back(accumulated_[i]);
    gradient = at::Tensor();
  }
  if (first) {
    for (const Transfers& transfers : {std::cref(same), std::cref(wider)}) {
      if (!transfers.from.empty()) at::_foreach_copy_(transfers.to, transfers.from);
    }
    if (!without.empty()) at::_foreach_zero_(without);
  } else {
    add_all(same);
    add_all(wider);
  }
}

MasterWeights::Gradients::Gradients(MasterWeights& weights, double scale) : weights_(weights) {
  if (weights_.accumulated_.empty()) throw Error("there are no gradients yet");
  const at::NoGradGuard no_grad;
  if (scale != 1) at::_foreach_mul_(weights_.accumulated_, scale);
  for (std::size_t i = 0; i < weights_.masters_.size(); ++i) {
    weights_.masters_[i].second.mutable_grad() = weights_.accumulated_[i];
  }
}

MasterWeights::Gradients::~Gradients() {
  for (auto& [name, master] : weights_.masters_) master.mutable_grad() = at::Tensor();
}

}  // namespace foldperf::trainer

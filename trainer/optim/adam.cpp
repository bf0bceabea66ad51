#include "trainer/optim/adam.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace foldperf::trainer {

Adam::Adam(NamedParameters parameters, AdamOptions options) : parameters_(std::move(parameters)), options_(options) {
  if (parameters_.empty()) throw Error("Adam has no parameters to train");
  const at::NoGradGuard no_grad;
  const at::TensorOptions scalar = parameters_.front().second.options().dtype(at::kFloat).requires_grad(false);
  for (const auto& [name, parameter] : parameters_) {
    exp_avg_.push_back(at::zeros_like(parameter));
    exp_avg_sq_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, scalar));
  }
  lr_ = at::full({}, options_.lr, scalar);
}

void Adam::step(const at::Tensor& skip) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parameters, gradients, exp_avg, exp_avg_sq, steps;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    gradients.push_back(parameter.grad());
    exp_avg.push_back(exp_avg_[i]);
    exp_avg_sq.push_back(exp_avg_sq_[i]);
    steps.push_back(steps_[i]);
  }
  if (parameters.empty()) return;
  // The fused operation leaves counting to its caller.
  at::_foreach_add_(steps, 1.0);
  if (skip.defined()) at::_foreach_sub_(steps, std::vector<at::Tensor>(steps.size(), skip));
  const std::optional<at::Tensor> found_inf = skip.defined() ? std::optional(skip) : std::nullopt;
  const auto update = [&](const auto& lr) {
    at::_fused_adam_(parameters, gradients, exp_avg, exp_avg_sq, {}, steps, lr, options_.beta1, options_.beta2,
                     options_.weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false,
                     /*grad_scale=*/std::nullopt, found_inf);
  };
  if (lr_.is_cpu()) {
    update(options_.lr);  // in double: the tensor holds a float
  } else {
    update(lr_);
  }
}

void Adam::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad() = at::Tensor();
}

void Adam::set_lr(double lr) {
  options_.lr = lr;
  lr_.fill_(lr);
}

TensorDict Adam::live_state() const {
  TensorDict state;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].first;
    state["exp_avg." + name] = exp_avg_[i];
    state["exp_avg_sq." + name] = exp_avg_sq_[i];
    state["step." + name] = steps_[i];
  }
  return state;
}

}  // namespace foldperf::trainer

#include "trainer/optim/exponential_moving_average.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/optim/named_tensors.hpp"

namespace foldperf::trainer {

ExponentialMovingAverage::ExponentialMovingAverage(NamedParameters parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.is_non_overlapping_and_dense() || parameter.storage_offset() != 0) {
      throw Error("parameter '" + name + "' is a part of another tensor: its average could not take its place");
    }
    averages_.push_back(parameter.detach().clone());
  }
}

void ExponentialMovingAverage::update() {
  const at::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, tensors_of(parameters_), 1.0 - decay_);
}

void ExponentialMovingAverage::swap() noexcept {
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    at::TensorImpl* parameter = parameters_[i].second.unsafeGetTensorImpl();
    at::TensorImpl* average = averages_[i].unsafeGetTensorImpl();
    c10::Storage of_parameter = parameter->storage();
    parameter->set_storage_keep_dtype(average->storage());
    average->set_storage_keep_dtype(std::move(of_parameter));
  }
}

TensorDict ExponentialMovingAverage::state() const {
  TensorDict state;
  save_named(state, "", parameters_, averages_);
  return state;
}

TensorDict ExponentialMovingAverage::live_state() const {
  TensorDict state;
  for (std::size_t i = 0; i < parameters_.size(); ++i) state[parameters_[i].first] = averages_[i];
  return state;
}

}  // namespace foldperf::trainer

// Float32 masters of a model some of whose parameters are in half precision (mixed-precision training; Micikevicius et
// al. 2018): the optimiser, the moving average and every file see the masters, the model sees rounded copies.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/optim/adam.hpp"

namespace foldperf::trainer {

class MasterWeights {
 public:
  // `model`: leaf parameters with their names. A parameter of at least float32 is its own master; of a narrower one the
  // master is taken from `exact`, the same parameters before they were rounded, in the same order.
  MasterWeights(NamedParameters model, const std::vector<at::Tensor>& exact);

  [[nodiscard]] const NamedParameters& masters() const noexcept { return masters_; }

  // After a backward pass: takes the model's gradients away and puts them into the masters' accumulated ones, in the
  // masters' type: in their place when `first`, else added. Gradients lie where they lay before, whatever the number of
  // calls (a captured graph finds them). A parameter without gradient counts as one of zeros.
  void take_gradients(bool first);

  // Shows the accumulated gradients as .grad of the masters while it lives, times `scale` (the mean over `1 / scale`
  // backward passes).
  class Gradients {
   public:
    explicit Gradients(MasterWeights& weights, double scale = 1);
    ~Gradients();
    Gradients(const Gradients&) = delete;
    Gradients& operator=(const Gradients&) = delete;

   private:
    MasterWeights& weights_;
  };

  // Rounds the masters into the model's narrower parameters, after every change of the masters.
  void publish();

 private:
  NamedParameters model_;
  NamedParameters masters_;              // as model_
  std::vector<at::Tensor> accumulated_;  // as model_, in the masters' type; made at the first use
  std::vector<at::Tensor> rounded_, rounded_from_;
};

}  // namespace foldperf::trainer

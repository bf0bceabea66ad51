// Embeddings of the input features and of the previous recycling pass (openfold/model/embedders.py).
#pragma once

#include <utility>

#include "trainer/config/model_config.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Algorithms 3 and 4. Parameters: linear_tf_z_i, linear_tf_z_j, linear_tf_m, linear_msa_m, linear_relpos.
class InputEmbedderImpl : public TracedModule {
 public:
  explicit InputEmbedderImpl(const InputEmbedderConfig& config);
  // target_feat [*, N, tf_dim], residue_index [*, N] (whole numbers, any type), msa_feat [*, S, N, msa_dim]; gives
  // m [*, S, N, c_m] and z [*, N, N, c_z].
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& target_feat, const at::Tensor& residue_index,
                                            const at::Tensor& msa_feat);

 private:
  Linear linear_tf_z_i_{nullptr}, linear_tf_z_j_{nullptr}, linear_tf_m_{nullptr}, linear_msa_m_{nullptr},
      linear_relpos_{nullptr};
};
TORCH_MODULE(InputEmbedder);

// Algorithm 32. Parameters: linear, layer_norm_m, layer_norm_z.
class RecyclingEmbedderImpl : public TracedModule {
 public:
  explicit RecyclingEmbedderImpl(const RecyclingEmbedderConfig& config);
  // Of the pass before: first MSA row m [*, N, c_m], pair z [*, N, N, c_z], pseudo-beta positions x [*, N, 3] in
  // Angstrom. Gives the updates of the first MSA row [*, N, c_m] and of the pair representation [*, N, N, c_z].
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& m, const at::Tensor& z, const at::Tensor& x);

 private:
  RecyclingEmbedderConfig config_;
  Linear linear_{nullptr};
  LayerNorm layer_norm_m_{nullptr}, layer_norm_z_{nullptr};
};
TORCH_MODULE(RecyclingEmbedder);

}  // namespace foldperf::trainer

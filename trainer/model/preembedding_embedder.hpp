// The first layer of a model that is given a protein language model's embedding of the sequence in place of an
// alignment (openfold/model/embedders.py: PreembeddingEmbedder; OpenFold's SoloSeq).
#pragma once

#include <utility>

#include "trainer/config/model_config.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: linear_tf_m, linear_preemb_m, linear_preemb_z_i, linear_preemb_z_j, linear_relpos.
class PreembeddingEmbedderImpl : public TracedModule {
 public:
  explicit PreembeddingEmbedderImpl(const PreembeddingEmbedderConfig& config);
  // target_feat [*, N, tf_dim], residue_index [*, N] (whole numbers, any type), embedding [*, N, preembedding_dim];
  // gives m [*, 1, N, c_m], the only row, and z [*, N, N, c_z].
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& target_feat, const at::Tensor& residue_index,
                                            const at::Tensor& embedding);

 private:
  Linear linear_tf_m_{nullptr}, linear_preemb_m_{nullptr}, linear_preemb_z_i_{nullptr}, linear_preemb_z_j_{nullptr},
      linear_relpos_{nullptr};
};
TORCH_MODULE(PreembeddingEmbedder);

}  // namespace foldperf::trainer

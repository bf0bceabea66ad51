// From the single and pair representations to atoms (AlphaFold 2 supplement, algorithm 20;
// openfold/model/structure_module.py).
#pragma once

#include <vector>

#include "trainer/config/model_config.hpp"
#include "trainer/model/angle_resnet.hpp"
#include "trainer/model/backbone_update.hpp"
#include "trainer/model/invariant_point_attention.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Parameters: linear_1, linear_2, linear_3.
class StructureModuleTransitionLayerImpl : public TracedModule {
 public:
  explicit StructureModuleTransitionLayerImpl(std::int64_t c);
  at::Tensor forward(const at::Tensor& s);  // [*, c]

 private:
  Linear linear_1_{nullptr}, linear_2_{nullptr}, linear_3_{nullptr};
};
TORCH_MODULE(StructureModuleTransitionLayer);

// Parameters: layers.<i>, layer_norm.
class StructureModuleTransitionImpl : public TracedModule {
 public:
  StructureModuleTransitionImpl(std::int64_t c, std::int64_t no_layers, double dropout_rate);
  at::Tensor forward(at::Tensor s);  // [*, c]

 private:
  double dropout_rate_;
  std::vector<StructureModuleTransitionLayer> layers_;
  LayerNorm layer_norm_{nullptr};
};
TORCH_MODULE(StructureModuleTransition);

// Parameters: layer_norm_s, layer_norm_z, linear_in, ipa, layer_norm_ipa, transition, bb_update, angle_resnet; all
// blocks share them.
class StructureModuleImpl : public TracedModule {
 public:
  explicit StructureModuleImpl(const StructureModuleConfig& config);

  // single [*, N, c_s], pair [*, N, N, c_z], aatype [*, N] int64, mask [*, N] (undefined: all ones). The first
  // dimension of the results is the block, but for the last:
  //   frames [B, *, N, 7]                    backbone: quaternion, translation in Angstrom
  //   sidechain_frames [B, *, N, 8, 4, 4]    rigid groups, Angstrom
  //   unnormalized_angles, angles [B, *, N, 7, 2]
  //   positions [B, *, N, 14, 3]             atom14, Angstrom
  //   states [B, *, N, c_s]
  //   single [*, N, c_s]                     the last block's state
  // Gradients do not flow through the rotations from one block to the block before; through translations they do.
  TensorDict forward(const at::Tensor& single, const at::Tensor& pair, const at::Tensor& aatype,
                     const at::Tensor& mask);

 private:
  StructureModuleConfig config_;
  LayerNorm layer_norm_s_{nullptr}, layer_norm_z_{nullptr}, layer_norm_ipa_{nullptr};
  Linear linear_in_{nullptr};
  InvariantPointAttention ipa_{nullptr};
  StructureModuleTransition transition_{nullptr};
  BackboneUpdate bb_update_{nullptr};
  AngleResnet angle_resnet_{nullptr};
};
TORCH_MODULE(StructureModule);

}  // namespace foldperf::trainer

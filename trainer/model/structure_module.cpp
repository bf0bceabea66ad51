#include "trainer/model/structure_module.hpp"

#include "trainer/protein/frames_and_atoms.hpp"

namespace foldperf::trainer {

StructureModuleTransitionLayerImpl::StructureModuleTransitionLayerImpl(std::int64_t c)
    : linear_1_(register_module("linear_1", Linear(c, c, LinearInit::relu))),
      linear_2_(register_module("linear_2", Linear(c, c, LinearInit::relu))),
      linear_3_(register_module("linear_3", Linear(c, c, LinearInit::final))) {}

at::Tensor StructureModuleTransitionLayerImpl::forward(const at::Tensor& s) {
  const TraceScope scope(*this);
  return s + linear_3_(at::relu(linear_2_(at::relu(linear_1_(s)))));
}

StructureModuleTransitionImpl::StructureModuleTransitionImpl(std::int64_t c, std::int64_t no_layers,
                                                             double dropout_rate)
    : dropout_rate_(dropout_rate) {
  auto layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < no_layers; ++i) {
    layers_.emplace_back(c);
    layers->push_back(layers_.back());
  }
  layer_norm_ = register_module("layer_norm", LayerNorm(c));
}

at::Tensor StructureModuleTransitionImpl::forward(at::Tensor s) {
  const TraceScope scope(*this);
  for (auto& layer : layers_) s = layer(s);
  return layer_norm_(at::dropout(s, dropout_rate_, is_training()));
}

StructureModuleImpl::StructureModuleImpl(const StructureModuleConfig& config)
    : config_(config),
      layer_norm_s_(register_module("layer_norm_s", LayerNorm(config.c_s))),
      layer_norm_z_(register_module("layer_norm_z", LayerNorm(config.c_z))),
      layer_norm_ipa_(nullptr),
      linear_in_(register_module("linear_in", Linear(config.c_s, config.c_s))),
      ipa_(register_module(
          "ipa", InvariantPointAttention(config.c_s, config.c_z, config.c_ipa, config.no_heads_ipa, config.no_qk_points,
                                         config.no_v_points, config.inf, config.epsilon))) {
  layer_norm_ipa_ = register_module("layer_norm_ipa", LayerNorm(config.c_s));
  transition_ = register_module(
      "transition", StructureModuleTransition(config.c_s, config.no_transition_layers, config.dropout_rate));
  bb_update_ = register_module("bb_update", BackboneUpdate(config.c_s));
  angle_resnet_ = register_module("angle_resnet", AngleResnet(config.c_s, config.c_resnet, config.no_resnet_blocks,
                                                              config.no_angles, config.epsilon));
}

TensorDict StructureModuleImpl::forward(const at::Tensor& single, const at::Tensor& pair, const at::Tensor& aatype,
                                        const at::Tensor& mask) {
  const TraceScope scope(*this);
  const at::Tensor s_initial = layer_norm_s_(single);
  const at::Tensor z = layer_norm_z_(pair);
  const at::Tensor residue_mask = mask.defined() ? mask : at::ones(aatype.sizes(), single.options());
  const auto pair_logits = ipa_->pair_logits(z, residue_mask);

  at::Tensor s = linear_in_(s_initial);
  QuatRigid backbone = QuatRigid::identity(aatype.sizes(), s.options());
  std::vector<at::Tensor> states, quats, translations;
  for (std::int64_t block = 0; block < config_.no_blocks; ++block) {
    const Rigid frames = backbone.to_rigid();
    s = s + ipa_->attend(s, z, frames, pair_logits);
    s = layer_norm_ipa_(at::dropout(s, config_.dropout_rate, is_training()));
    s = transition_(s);
    const QuatRigid updated = backbone.compose_update(bb_update_(s), frames.rot);
    states.push_back(s);
    quats.push_back(updated.quat);
    translations.push_back(updated.trans);
    backbone = updated.stop_rotation_gradient();
  }

  // No block reads angles or atoms of another: they are computed for all blocks at once.
  const at::Tensor all_states = at::stack(states);
  const QuatRigid backbones{at::stack(quats), at::stack(translations) * config_.trans_scale_factor};
  const auto [unnormalized_angles, angles] = angle_resnet_(all_states, s_initial);
  const ResidueGeometry geometry(aatype, s);
  const at::Tensor sidechain_frames = geometry.group_frames(backbones.to_rigid().to_tensor_4x4(), angles);
  return {{"frames", backbones.to_tensor_7()},
          {"sidechain_frames", sidechain_frames},
          {"unnormalized_angles", unnormalized_angles},
          {"angles", angles},
          {"positions", geometry.atom14_positions(sidechain_frames)},
          {"states", all_states},
          {"single", s}};
}

}  // namespace foldperf::trainer

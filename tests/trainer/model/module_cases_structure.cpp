// Golden files of the structure module and the heads.
#include <string>
#include <utility>

#include "tests/trainer/model/module_cases.hpp"
#include "trainer/model/heads.hpp"
#include "trainer/model/structure_module.hpp"

namespace foldperf::testing {

using nlohmann::json;
using trainer::TensorDict;

namespace {

std::int64_t whole(const json& parameters, const char* key) { return parameters.at(key).get<std::int64_t>(); }
double real(const json& parameters, const char* key) { return parameters.at(key).get<double>(); }

// A module from one tensor to one tensor.
template <typename Module>
ModuleCase one_to_one(Module module, std::string input, std::string output, GoldenLimits limits) {
  return {module.ptr(),
          [module, input = std::move(input), output = std::move(output)](const TensorDict& in) mutable {
            return TensorDict{{output, module(in.at(input))}};
          },
          limits};
}

ModuleCase angle_resnet(const json& p) {
  trainer::AngleResnet module(whole(p, "c_in"), whole(p, "c_hidden"), whole(p, "no_blocks"), whole(p, "no_angles"),
                              real(p, "epsilon"));
  return {module.ptr(),
          [module](const TensorDict& in) mutable {
            const auto [unnormalized, angles] = module(in.at("s"), in.at("s_initial"));
            return TensorDict{{"unnormalized_angles", unnormalized}, {"angles", angles}};
          },
          elementwise_limits};
}

ModuleCase invariant_point_attention(const json& p) {
  trainer::InvariantPointAttention module(whole(p, "c_s"), whole(p, "c_z"), whole(p, "c_hidden"), whole(p, "no_heads"),
                                          whole(p, "no_qk_points"), whole(p, "no_v_points"), real(p, "inf"),
                                          real(p, "eps"));
  return {module.ptr(),
          [module](const TensorDict& in) mutable {
            const trainer::Rigid frames{in.at("rot"), in.at("trans")};
            return TensorDict{{"s", module(in.at("s"), in.at("z"), frames, in.at("mask"))}};
          },
          attention_limits};
}

ModuleCase structure_module(const json& p) {
  trainer::StructureModuleConfig config;
  config.c_s = whole(p, "c_s");
  config.c_z = whole(p, "c_z");
  config.c_ipa = whole(p, "c_ipa");
  config.c_resnet = whole(p, "c_resnet");
  config.no_heads_ipa = whole(p, "no_heads_ipa");
  config.no_qk_points = whole(p, "no_qk_points");
  config.no_v_points = whole(p, "no_v_points");
  config.no_blocks = whole(p, "no_blocks");
  config.no_transition_layers = whole(p, "no_transition_layers");
  config.no_resnet_blocks = whole(p, "no_resnet_blocks");
  config.no_angles = whole(p, "no_angles");
  config.trans_scale_factor = real(p, "trans_scale_factor");
  config.epsilon = real(p, "epsilon");
  config.inf = real(p, "inf");
  config.dropout_rate = real(p, "dropout_rate");
  trainer::StructureModule module(config);
  module->eval();
  return {module.ptr(),
          [module](const TensorDict& in) mutable {
            return module(in.at("single"), in.at("pair"), in.at("aatype"),
                          in.contains("mask") ? in.at("mask") : at::Tensor());
          },
          block_limits};
}

ModuleCase tm_score_head(const json& p) {
  trainer::LinearHead module(whole(p, "c_z"), whole(p, "no_bins"));
  const double max_bin = p.value("max_bin", 31.0);
  return {module.ptr(),
          [module, max_bin](const TensorDict& in) mutable {
            const at::Tensor logits = module(in.at("z"));
            // The file's gradients are those of the logits alone: what is read off them is no part of a loss.
            const at::Tensor read = logits.detach();
            const auto error = trainer::predicted_aligned_error(read, max_bin);
            return TensorDict{{"logits", logits},
                              {"predicted_aligned_error", error.expected},
                              {"max_predicted_aligned_error", error.largest},
                              {"ptm", trainer::predicted_tm_score(read, max_bin)}};
          },
          elementwise_limits};
}

}  // namespace

void add_structure_cases(ModuleFactories& factories) {
  factories["AngleResnet"] = angle_resnet;
  factories["InvariantPointAttention"] = invariant_point_attention;
  factories["StructureModule"] = structure_module;
  factories["TMScoreHead"] = tm_score_head;
  factories["BackboneUpdate"] = [](const json& p) {
    return one_to_one(trainer::BackboneUpdate(whole(p, "c_s")), "s", "update", elementwise_limits);
  };
  factories["PerResidueLDDTCaPredictor"] = [](const json& p) {
    trainer::PerResidueLddtCaPredictor module(trainer::LddtHeadConfig{
        .no_bins = whole(p, "no_bins"), .c_in = whole(p, "c_in"), .c_hidden = whole(p, "c_hidden")});
    return ModuleCase{module.ptr(),
                      [module](const TensorDict& in) mutable {
                        const at::Tensor logits = module(in.at("s"));
                        return TensorDict{{"logits", logits}, {"plddt", trainer::plddt_from_logits(logits)}};
                      },
                      elementwise_limits};
  };
  factories["DistogramHead"] = [](const json& p) {
    return one_to_one(
        trainer::DistogramHead(trainer::DistogramHeadConfig{.c_z = whole(p, "c_z"), .no_bins = whole(p, "no_bins")}),
        "z", "logits", elementwise_limits);
  };
  factories["MaskedMSAHead"] = [](const json& p) {
    return one_to_one(trainer::LinearHead(whole(p, "c_m"), whole(p, "c_out")), "m", "logits", elementwise_limits);
  };
  factories["ExperimentallyResolvedHead"] = [](const json& p) {
    return one_to_one(trainer::LinearHead(whole(p, "c_s"), whole(p, "c_out")), "s", "logits", elementwise_limits);
  };
}

}  // namespace foldperf::testing

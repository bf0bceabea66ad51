// Embedders, templates, Evoformer and extra-MSA modules.
#include "tests/trainer/model/module_cases.hpp"
#include "trainer/model/evoformer.hpp"
#include "trainer/model/extra_msa.hpp"
#include "trainer/model/input_embedder.hpp"
#include "trainer/model/preembedding_embedder.hpp"
#include "trainer/model/template_embedder.hpp"

namespace foldperf::testing {

using namespace foldperf::trainer;

namespace {

using Json = nlohmann::json;

std::int64_t integer(const Json& h, const char* key) { return h.at(key).get<std::int64_t>(); }
double number(const Json& h, const char* key) { return h.at(key).get<double>(); }
double number_or(const Json& h, const char* key, double otherwise) { return h.value(key, otherwise); }
bool flag(const Json& h, const char* key) { return h.value(key, false); }

// A mask that a file may leave out.
at::Tensor optional(const TensorDict& in, const std::string& name) {
  return in.contains(name) ? in.at(name) : at::Tensor();
}

EvoformerStackConfig stack_config(const Json& h) {
  EvoformerStackConfig config;
  config.c_m = integer(h, "c_m");
  config.c_z = integer(h, "c_z");
  config.c_hidden_msa_att = integer(h, "c_hidden_msa_att");
  config.c_hidden_opm = integer(h, "c_hidden_opm");
  config.c_hidden_mul = integer(h, "c_hidden_mul");
  config.c_hidden_pair_att = integer(h, "c_hidden_pair_att");
  config.no_heads_msa = integer(h, "no_heads_msa");
  config.no_heads_pair = integer(h, "no_heads_pair");
  config.transition_n = integer(h, "transition_n");
  config.msa_dropout = number(h, "msa_dropout");
  config.pair_dropout = number(h, "pair_dropout");
  config.no_column_attention = flag(h, "no_column_attention");
  config.opm_first = flag(h, "opm_first");
  config.inf = number(h, "inf");
  config.eps = number(h, "eps");
  config.c_s = h.value("c_s", std::int64_t{1});
  config.no_blocks = h.value("no_blocks", std::int64_t{1});
  return config;
}

TemplatePairStackConfig template_stack_config(const Json& h) {
  TemplatePairStackConfig config;
  config.c_t = integer(h, "c_t");
  config.c_hidden_tri_att = integer(h, "c_hidden_tri_att");
  config.c_hidden_tri_mul = integer(h, "c_hidden_tri_mul");
  config.no_blocks = integer(h, "no_blocks");
  config.no_heads = integer(h, "no_heads");
  config.pair_transition_n = integer(h, "pair_transition_n");
  config.dropout_rate = number(h, "dropout_rate");
  config.tri_mul_first = flag(h, "tri_mul_first");
  config.inf = number_or(h, "inf", 1e9);
  return config;
}

// A module whose forward takes x and mask under the names of the file, and gives x.
template <typename Module, typename Make>
ModuleFactory one_tensor(const std::string& name, GoldenLimits limits, Make make) {
  return [=](const Json& h) -> ModuleCase {
    Module module = make(h);
    module->eval();
    return {module.ptr(),
            [module, name](const TensorDict& in) mutable {
              return TensorDict{{name, module->forward(in.at(name), optional(in, "mask"))}};
            },
            limits};
  };
}

void add_attention_cases(ModuleFactories& factories) {
  factories["MSARowAttentionWithPairBias"] = [](const Json& h) -> ModuleCase {
    MsaRowAttentionWithPairBias module(integer(h, "c_m"), integer(h, "c_z"), integer(h, "c_hidden"),
                                       integer(h, "no_heads"), number_or(h, "inf", 1e9));
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              return TensorDict{{"m", module->forward(in.at("m"), in.at("z"), optional(in, "mask"))}};
            },
            attention_limits};
  };
  factories["MSAColumnAttention"] = one_tensor<MsaColumnAttention>("m", attention_limits, [](const Json& h) {
    return MsaColumnAttention(integer(h, "c_m"), integer(h, "c_hidden"), integer(h, "no_heads"),
                              number_or(h, "inf", 1e9));
  });
  factories["MSAColumnGlobalAttention"] =
      one_tensor<MsaColumnGlobalAttention>("m", attention_limits, [](const Json& h) {
        return MsaColumnGlobalAttention(integer(h, "c_in"), integer(h, "c_hidden"), integer(h, "no_heads"),
                                        number_or(h, "inf", 1e9), number_or(h, "eps", 1e-10));
      });
  factories["TriangleAttentionStartingNode"] =
      one_tensor<TriangleAttentionStartingNode>("x", attention_limits, [](const Json& h) {
        return TriangleAttentionStartingNode(integer(h, "c_in"), integer(h, "c_hidden"), integer(h, "no_heads"),
                                             number_or(h, "inf", 1e9));
      });
  factories["TriangleAttentionEndingNode"] =
      one_tensor<TriangleAttentionEndingNode>("x", attention_limits, [](const Json& h) {
        return TriangleAttentionEndingNode(integer(h, "c_in"), integer(h, "c_hidden"), integer(h, "no_heads"),
                                           number_or(h, "inf", 1e9));
      });
  factories["TriangleMultiplicationOutgoing"] = one_tensor<TriangleMultiplicationOutgoing>(
      "z", attention_limits,
      [](const Json& h) { return TriangleMultiplicationOutgoing(integer(h, "c_z"), integer(h, "c_hidden")); });
  factories["TriangleMultiplicationIncoming"] = one_tensor<TriangleMultiplicationIncoming>(
      "z", attention_limits,
      [](const Json& h) { return TriangleMultiplicationIncoming(integer(h, "c_z"), integer(h, "c_hidden")); });
  factories["TemplatePointwiseAttention"] = [](const Json& h) -> ModuleCase {
    TemplatePointwiseAttentionConfig config;
    config.c_t = integer(h, "c_t");
    config.c_z = integer(h, "c_z");
    config.c_hidden = integer(h, "c_hidden");
    config.no_heads = integer(h, "no_heads");
    config.inf = number(h, "inf");
    TemplatePointwiseAttention module(config);
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              return TensorDict{{"z", module->forward(in.at("t"), in.at("z"), optional(in, "template_mask"))}};
            },
            attention_limits};
  };
}

void add_elementwise_cases(ModuleFactories& factories) {
  factories["MSATransition"] = one_tensor<MsaTransition>(
      "m", elementwise_limits, [](const Json& h) { return MsaTransition(integer(h, "c_m"), integer(h, "n")); });
  factories["PairTransition"] = one_tensor<PairTransition>(
      "z", elementwise_limits, [](const Json& h) { return PairTransition(integer(h, "c_z"), integer(h, "n")); });
  factories["OuterProductMean"] = [](const Json& h) -> ModuleCase {
    OuterProductMean module(integer(h, "c_m"), integer(h, "c_z"), integer(h, "c_hidden"), number_or(h, "eps", 1e-3));
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              return TensorDict{{"z", module->forward(in.at("m"), optional(in, "mask"))}};
            },
            attention_limits};
  };
  factories["InputEmbedder"] = [](const Json& h) -> ModuleCase {
    InputEmbedderConfig config;
    config.tf_dim = integer(h, "tf_dim");
    config.msa_dim = integer(h, "msa_dim");
    config.c_z = integer(h, "c_z");
    config.c_m = integer(h, "c_m");
    config.relpos_k = integer(h, "relpos_k");
    InputEmbedder module(config);
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              const auto [m, z] = module->forward(in.at("tf"), in.at("ri"), in.at("msa"));
              return TensorDict{{"m", m}, {"z", z}};
            },
            elementwise_limits};
  };
  factories["PreembeddingEmbedder"] = [](const Json& h) -> ModuleCase {
    PreembeddingEmbedderConfig config;
    config.tf_dim = integer(h, "tf_dim");
    config.preembedding_dim = integer(h, "preembedding_dim");
    config.c_z = integer(h, "c_z");
    config.c_m = integer(h, "c_m");
    config.relpos_k = integer(h, "relpos_k");
    PreembeddingEmbedder module(config);
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              const auto [m, z] = module->forward(in.at("tf"), in.at("ri"), in.at("preemb"));
              return TensorDict{{"m", m}, {"z", z}};
            },
            elementwise_limits};
  };
  factories["RecyclingEmbedder"] = [](const Json& h) -> ModuleCase {
    RecyclingEmbedderConfig config;
    config.c_z = integer(h, "c_z");
    config.c_m = integer(h, "c_m");
    config.min_bin = number(h, "min_bin");
    config.max_bin = number(h, "max_bin");
    config.no_bins = integer(h, "no_bins");
    config.inf = number_or(h, "inf", 1e8);
    RecyclingEmbedder module(config);
    return {module.ptr(),
            [module](const TensorDict& in) mutable {
              const auto [m, z] = module->forward(in.at("m"), in.at("z"), in.at("x"));
              return TensorDict{{"m", m}, {"z", z}};
            },
            elementwise_limits};
  };
  const auto plain = [](auto make) {
    return [make](const Json& h) -> ModuleCase {
      auto module = make(h);
      return {module.ptr(),
              [module](const TensorDict& in) mutable {
                return TensorDict{{"x", module->forward(in.at("x"))}};
              },
              elementwise_limits};
    };
  };
  factories["ExtraMSAEmbedder"] = plain([](const Json& h) {
    return ExtraMsaEmbedder(ExtraMsaEmbedderConfig{integer(h, "c_in"), integer(h, "c_out")});
  });
  factories["TemplateSingleEmbedder"] = plain([](const Json& h) {
    return TemplateSingleEmbedder(TemplateSingleEmbedderConfig{integer(h, "c_in"), integer(h, "c_out")});
  });
  factories["TemplatePairEmbedder"] = plain([](const Json& h) {
    return TemplatePairEmbedder(TemplatePairEmbedderConfig{integer(h, "c_in"), integer(h, "c_out")});
  });
}

void add_block_cases(ModuleFactories& factories) {
  factories["EvoformerBlock"] = [](const Json& h) -> ModuleCase {
    EvoformerBlock module(stack_config(h));
    module->eval();
    return {module.ptr(),
            [module, mask_trans = flag(h, "_mask_trans")](const TensorDict& in) mutable {
              const auto [m, z] =
                  module->forward(in.at("m"), in.at("z"), in.at("msa_mask"), in.at("pair_mask"), mask_trans);
              return TensorDict{{"m", m}, {"z", z}};
            },
            block_limits};
  };
  factories["EvoformerStack"] = [](const Json& h) -> ModuleCase {
    EvoformerStack module(stack_config(h));
    module->eval();
    return {module.ptr(),
            [module, mask_trans = flag(h, "_mask_trans")](const TensorDict& in) mutable {
              const EvoformerOutput out =
                  module->forward(in.at("m"), in.at("z"), in.at("msa_mask"), in.at("pair_mask"), mask_trans);
              return TensorDict{{"m", out.m}, {"z", out.z}, {"s", out.s}};
            },
            block_limits};
  };
  factories["ExtraMSAStack"] = [](const Json& h) -> ModuleCase {
    ExtraMsaStack module(stack_config(h));
    module->eval();
    return {module.ptr(),
            [module, mask_trans = flag(h, "_mask_trans")](const TensorDict& in) mutable {
              return TensorDict{
                  {"z", module->forward(in.at("m"), in.at("z"), in.at("msa_mask"), in.at("pair_mask"), mask_trans)}};
            },
            block_limits};
  };
  factories["ExtraMSABlock"] = [](const Json& h) -> ModuleCase {
    ExtraMsaBlock module(stack_config(h));
    module->eval();
    return {module.ptr(),
            [module, mask_trans = flag(h, "_mask_trans")](const TensorDict& in) mutable {
              const auto [m, z] =
                  module->forward(in.at("m"), in.at("z"), in.at("msa_mask"), in.at("pair_mask"), mask_trans);
              return TensorDict{{"m", m}, {"z", z}};
            },
            block_limits};
  };
  factories["TemplatePairStack"] = [](const Json& h) -> ModuleCase {
    TemplatePairStack module(template_stack_config(h));
    module->eval();
    // The files are made as the model calls the stack: without masking its transitions.
    return {module.ptr(),
            [module, mask_trans = flag(h, "_mask_trans")](const TensorDict& in) mutable {
              return TensorDict{{"t", module->forward(in.at("t"), in.at("mask"), mask_trans)}};
            },
            block_limits};
  };
}

}  // namespace

void add_evoformer_cases(ModuleFactories& factories) {
  add_elementwise_cases(factories);
  add_attention_cases(factories);
  add_block_cases(factories);
}

}  // namespace foldperf::testing

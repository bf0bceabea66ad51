#include "trainer/model/heads.hpp"

#include <algorithm>
#include <cmath>

namespace foldperf::trainer {

namespace {

// Centres of equal bins that start at 0, the last of which is open.
at::Tensor bin_centres(std::int64_t no_bins, double width, const at::Tensor& like) {
  return (at::arange(no_bins, like.options()) + 0.5) * width;
}

double aligned_error_bin_width(std::int64_t no_bins, double max_bin) {
  return max_bin / static_cast<double>(no_bins - 2);
}

}  // namespace

at::Tensor plddt_from_logits(const at::Tensor& logits) {
  const std::int64_t no_bins = logits.size(-1);
  const at::Tensor centres = bin_centres(no_bins, 1.0 / static_cast<double>(no_bins), logits);
  return (logits.softmax(-1) * centres).sum(-1) * 100;
}

AlignedError predicted_aligned_error(const at::Tensor& logits, double max_bin) {
  const std::int64_t no_bins = logits.size(-1);
  const at::Tensor centres = bin_centres(no_bins, aligned_error_bin_width(no_bins, max_bin), logits);
  const at::Tensor probabilities = logits.softmax(-1);
  return {probabilities, (probabilities * centres).sum(-1), centres.select(0, no_bins - 1)};
}

at::Tensor predicted_tm_score(const at::Tensor& logits, double max_bin, double eps) {
  const std::int64_t no_bins = logits.size(-1);
  const auto residues = static_cast<double>(logits.size(-2));
  const double d0 = 1.24 * std::cbrt(std::max(residues, 19.0) - 15) - 1.8;
  const at::Tensor centres = bin_centres(no_bins, aligned_error_bin_width(no_bins, max_bin), logits);
  const at::Tensor tm_of_bin = 1.0 / (1 + centres.square() / (d0 * d0));
  const at::Tensor by_frame = (logits.softmax(-1) * tm_of_bin).sum(-1).sum(-1) / (residues + eps);
  const at::Tensor flat = by_frame.flatten();
  // The first of the best, so that the gradient goes to one frame.
  return flat.index_select(0, flat.detach().argmax().view({1})).squeeze(0);
}

PerResidueLddtCaPredictorImpl::PerResidueLddtCaPredictorImpl(const LddtHeadConfig& config)
    : layer_norm_(register_module("layer_norm", LayerNorm(config.c_in))),
      linear_1_(register_module("linear_1", Linear(config.c_in, config.c_hidden, LinearInit::relu))),
      linear_2_(register_module("linear_2", Linear(config.c_hidden, config.c_hidden, LinearInit::relu))),
      linear_3_(register_module("linear_3", Linear(config.c_hidden, config.no_bins, LinearInit::final))) {}

at::Tensor PerResidueLddtCaPredictorImpl::forward(const at::Tensor& s) {
  const TraceScope scope(*this);
  return linear_3_(at::relu(linear_2_(at::relu(linear_1_(layer_norm_(s))))));
}

DistogramHeadImpl::DistogramHeadImpl(const DistogramHeadConfig& config)
    : linear_(register_module("linear", Linear(config.c_z, config.no_bins, LinearInit::final))) {}

at::Tensor DistogramHeadImpl::forward(const at::Tensor& z) {
  const TraceScope scope(*this);
  const at::Tensor logits = linear_(z);
  return logits + logits.transpose(-2, -3);
}

LinearHeadImpl::LinearHeadImpl(std::int64_t c_in, std::int64_t c_out)
    : linear_(register_module("linear", Linear(c_in, c_out, LinearInit::final))) {}

at::Tensor LinearHeadImpl::forward(const at::Tensor& x) {
  const TraceScope scope(*this);
  return linear_(x);
}

AuxiliaryHeadsImpl::AuxiliaryHeadsImpl(const HeadsConfig& config)
    : plddt_(register_module("plddt", PerResidueLddtCaPredictor(config.lddt))),
      distogram_(register_module("distogram", DistogramHead(config.distogram))),
      masked_msa_(register_module("masked_msa", LinearHead(config.masked_msa.c_m, config.masked_msa.c_out))),
      experimentally_resolved_(
          register_module("experimentally_resolved",
                          LinearHead(config.experimentally_resolved.c_s, config.experimentally_resolved.c_out))) {
  if (config.tm.enabled) tm_ = register_module("tm", LinearHead(config.tm.c_z, config.tm.no_bins));
}

TensorDict AuxiliaryHeadsImpl::forward(const TensorDict& outputs) {
  const TraceScope scope(*this);
  // What the trunk gives in half precision is read in the type of the heads.
  const at::ScalarType type = plddt_->parameters().front().scalar_type();
  const auto read = [&](const char* name) { return outputs.at(name).to(type); };
  const at::Tensor lddt_logits = plddt_(outputs.at("sm.single"));
  const at::Tensor pair = read("pair");
  TensorDict result = {{"lddt_logits", lddt_logits},
                       {"plddt", plddt_from_logits(lddt_logits)},
                       {"distogram_logits", distogram_(pair)},
                       {"masked_msa_logits", masked_msa_(read("msa"))},
                       {"experimentally_resolved_logits", experimentally_resolved_(read("single"))}};
  if (!tm_.is_empty()) {
    const at::Tensor tm_logits = tm_(pair);
    const AlignedError error = predicted_aligned_error(tm_logits);
    result["tm_logits"] = tm_logits;
    result["ptm_score"] = predicted_tm_score(tm_logits);
    result["aligned_confidence_probs"] = error.probabilities;
    result["predicted_aligned_error"] = error.expected;
    result["max_predicted_aligned_error"] = error.largest;
  }
  return result;
}

}  // namespace foldperf::trainer

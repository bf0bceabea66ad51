// The auxiliary heads (AlphaFold 2 supplement, sections 1.9.6 to 1.9.10; openfold/model/heads.py).
#pragma once

#include "trainer/config/model_config.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// pLDDT, 0 to 100, from logits [*, N, no_bins]: [*, N].
at::Tensor plddt_from_logits(const at::Tensor& logits);

// What the TM head's logits [*, N, N, no_bins] over aligned errors up to max_bin Angstrom say.
struct AlignedError {
  at::Tensor probabilities;  // [*, N, N, no_bins]
  at::Tensor expected;       // [*, N, N], Angstrom
  at::Tensor largest;        // scalar, Angstrom: the last bin's centre
};
AlignedError predicted_aligned_error(const at::Tensor& logits, double max_bin = 31);
// Predicted TM-score: a scalar, the best over the frames to align on (OpenFold: compute_tm, all residues weighted 1).
at::Tensor predicted_tm_score(const at::Tensor& logits, double max_bin = 31, double eps = 1e-8);

// Algorithm 29. Parameters: layer_norm, linear_1, linear_2, linear_3.
class PerResidueLddtCaPredictorImpl : public TracedModule {
 public:
  explicit PerResidueLddtCaPredictorImpl(const LddtHeadConfig& config);
  at::Tensor forward(const at::Tensor& s);  // the structure module's single [*, N, c_in] to [*, N, no_bins]

 private:
  LayerNorm layer_norm_{nullptr};
  Linear linear_1_{nullptr}, linear_2_{nullptr}, linear_3_{nullptr};
};
TORCH_MODULE(PerResidueLddtCaPredictor);

// Logits symmetric in the two residues. Parameters: linear.
class DistogramHeadImpl : public TracedModule {
 public:
  explicit DistogramHeadImpl(const DistogramHeadConfig& config);
  at::Tensor forward(const at::Tensor& z);  // [*, N, N, c_z] to [*, N, N, no_bins]

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(DistogramHead);

// A linear layer that starts at 0: the TM-score, masked-MSA and experimentally-resolved heads. Parameters: linear.
class LinearHeadImpl : public TracedModule {
 public:
  LinearHeadImpl(std::int64_t c_in, std::int64_t c_out);
  at::Tensor forward(const at::Tensor& x);  // [*, c_in] to [*, c_out]

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(LinearHead);

// Parameters: plddt, distogram, masked_msa, experimentally_resolved, tm (if enabled).
class AuxiliaryHeadsImpl : public TracedModule {
 public:
  explicit AuxiliaryHeadsImpl(const HeadsConfig& config);
  // Reads msa, pair, single, sm.single; gives lddt_logits, plddt, distogram_logits, masked_msa_logits,
  // experimentally_resolved_logits, and with the TM head tm_logits, ptm_score, aligned_confidence_probs,
  // predicted_aligned_error, max_predicted_aligned_error.
  TensorDict forward(const TensorDict& outputs);

 private:
  PerResidueLddtCaPredictor plddt_{nullptr};
  DistogramHead distogram_{nullptr};
  LinearHead masked_msa_{nullptr}, experimentally_resolved_{nullptr}, tm_{nullptr};
};
TORCH_MODULE(AuxiliaryHeads);

}  // namespace foldperf::trainer

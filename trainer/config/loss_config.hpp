// Weights and constants of the loss, in the sections and under the names of OpenFold's config.loss
// (openfold/config.py), so that a configuration of OpenFold can be read as it is. Defaults are those of
// `initial_training`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace foldperf::trainer {

struct DistogramLossConfig {
  double min_bin = 2.3125;  // Angstrom
  double max_bin = 21.6875;
  std::int64_t no_bins = 64;
  double eps = 1e-8;
  double weight = 0.3;
};

// Structures whose resolution (Angstrom) is outside [min_resolution, max_resolution] do not count. NMR has 0.
struct ExperimentallyResolvedLossConfig {
  double eps = 1e-8;
  double min_resolution = 0.1;
  double max_resolution = 3.0;
  double weight = 0.0;
};

struct BackboneFapeConfig {
  double clamp_distance = 10.0;  // Angstrom
  double loss_unit_distance = 10.0;
  double weight = 0.5;
};

struct SidechainFapeConfig {
  double clamp_distance = 10.0;  // Angstrom
  double length_scale = 10.0;
  double weight = 0.5;
};

// `eps` is that of OpenFold's section "fape", which never reaches the terms: OpenFold passes them the sections
// "backbone" and "sidechain", which have none, so both run with compute_fape's 1e-4. We pass this one, which is 1e-4 as
// well.
struct FapeLossConfig {
  BackboneFapeConfig backbone;
  SidechainFapeConfig sidechain;
  double eps = 1e-4;
  double weight = 1.0;
};

struct PlddtLossConfig {
  double min_resolution = 0.1;
  double max_resolution = 3.0;
  double cutoff = 15.0;  // Angstrom
  std::int64_t no_bins = 50;
  double eps = 1e-8;
  double weight = 0.01;
};

struct MaskedMsaLossConfig {
  std::int64_t num_classes = 23;
  double eps = 1e-8;
  double weight = 2.0;
};

struct SupervisedChiLossConfig {
  double chi_weight = 0.5;
  double angle_norm_weight = 0.01;
  double eps = 1e-8;
  double weight = 1.0;
};

struct ViolationLossConfig {
  double violation_tolerance_factor = 12.0;  // standard deviations
  double clash_overlap_tolerance = 1.5;      // Angstrom
  bool average_clashes = false;
  double eps = 1e-8;
  double weight = 0.0;
};

struct TmLossConfig {
  double max_bin = 31;  // Angstrom
  std::int64_t no_bins = 64;
  double min_resolution = 0.1;
  double max_resolution = 3.0;
  double eps = 1e-8;
  double weight = 0.0;
  bool enabled = false;
};

struct LossConfig {
  DistogramLossConfig distogram;
  ExperimentallyResolvedLossConfig experimentally_resolved;
  FapeLossConfig fape;
  PlddtLossConfig plddt_loss;
  MaskedMsaLossConfig masked_msa;
  SupervisedChiLossConfig supervised_chi;
  ViolationLossConfig violation;
  TmLossConfig tm;
};

// The weights of OpenFold's `finetuning` presets: violation 1, experimentally_resolved 0.01. Their `_ptm` variants also
// have the TM term (enable_tm_loss).
void set_fine_tuning_weights(LossConfig& config);
// OpenFold's `_ptm` presets: the TM term is computed, with weight 0.1.
void enable_tm_loss(LossConfig& config);

// Reads a tree with OpenFold's section and key names; keys that are missing keep their defaults. Throws UsageError that
// names the key when a key is unknown or its value has the wrong type, or when chain_center_of_mass (multimers only) is
// enabled.
LossConfig loss_config_from_json(const nlohmann::json& tree);
nlohmann::json to_json(const LossConfig& config);

}  // namespace foldperf::trainer

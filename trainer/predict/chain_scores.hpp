// How near a prediction came to the known structure, in numbers: those of OpenFold's validation step and the
// confidence.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/error.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct ChainMetrics {
  std::string chain{};  // empty: mean over the chains
  std::int64_t length = 0;
  // lddt_ca, drmsd_ca, alignment_rmsd (Angstrom), gdt_ts, gdt_ha, plddt (0 to 100). NaN: nothing to compare. Empty
  // where there is an error.
  std::map<std::string, double> values;
  double seconds = 0;   // that its evaluation took
  std::string error{};  // why it could not be evaluated
  ExitCode code{};      // that of the error
};

// Outputs of the model for one chain, and the truth: all_atom_positions [1, N, 37, 3], all_atom_mask [1, N, 37]. Gives
// the values of ChainMetrics; all but plddt are NaN where fewer than two CA atoms are resolved. Throws NotFinite.
std::map<std::string, double> score_chain(const TensorDict& outputs, const TensorDict& truth);

// lDDT-CA of each residue [N] on the CPU, from positions [N, 37, 3] and mask [N, 37]; NaN where its CA atom is not
// resolved, or no other one within 15 Angstrom of it is.
at::Tensor lddt_by_residue(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask);

// The mean over the chains, its `chain` empty: chains with an error, or with nothing to compare, are left out.
ChainMetrics mean_of(const std::vector<ChainMetrics>& chains);

}  // namespace foldperf::trainer

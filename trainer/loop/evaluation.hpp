// How well a model predicts chains whose structure is known.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "trainer/loop/batch_source.hpp"
#include "trainer/model/alphafold.hpp"

namespace foldperf::trainer {

struct ChainMetrics {
  std::string chain;  // empty: mean over the chains
  std::int64_t length = 0;
  std::map<std::string, double> values;  // lddt_ca, drmsd_ca, alignment_rmsd, gdt_ts, gdt_ha; NaN: nothing to compare
};

// Every chain of the source with the model as it is, without dropout and gradients; the last entry is the mean over the
// chains that have two resolved CA atoms to compare. `stop` is asked before each chain: where it says so, the chains so
// far are returned, without a mean. The model is in training mode again afterwards.
std::vector<ChainMetrics> evaluate_chains(AlphaFold& model, at::Device device, EvaluationSource& source,
                                          const std::function<bool()>& stop = {});

}  // namespace foldperf::trainer

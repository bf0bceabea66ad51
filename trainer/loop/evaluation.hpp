// How well a model predicts chains whose structure is known.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <vector>

#include "trainer/loop/batch_source.hpp"
#include "trainer/model/alphafold.hpp"
#include "trainer/predict/chain_scores.hpp"
#include "trainer/predict/inference.hpp"

namespace foldperf::trainer {

// What is asked and told while an evaluation goes on; each may be empty.
struct EvaluationListener {
  std::function<bool()> stop;                      // asked before each chain
  std::function<void(const ChainMetrics&)> chain;  // told after each chain
  InferenceNote note;                              // what a person should know
};

// Every chain of the source with the model as it is, without dropout and gradients; the last entry is the mean over the
// chains that have two resolved CA atoms to compare. Where `stop` says so, the chains so far are returned, without a
// mean. A chain whose files are damaged, or for which memory does not do (inference.hpp), has an error in place of
// scores. The model is in the mode that it was in afterwards.
std::vector<ChainMetrics> evaluate_chains(AlphaFold& model, at::Device device, EvaluationSource& source,
                                          const EvaluationListener& listener = {});

}  // namespace foldperf::trainer

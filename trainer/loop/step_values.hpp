// The numbers of a step on their way from the device: all in one tensor, read when the device has come so far.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/optim/clip.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct StepMetrics {
  std::int64_t step = 0;
  double loss = 0;           // what was differentiated; mean over the step's batches
  double unscaled_loss = 0;  // weighted sum of the terms
  std::map<std::string, double> terms;
  std::vector<std::string> nonfinite_terms;  // counted as 0
  double gradient_norm = 0;                  // before clipping
  bool skipped = false;                      // the norm was not finite: weights unchanged
  double learning_rate = 0;
  double lddt_ca = 0;  // of the training crops, dropout on; NaN where no crop has two resolved CA atoms
  double drmsd_ca = 0;
  std::int64_t passes = 1;   // recycling passes made
  std::int64_t samples = 1;  // trained on, the local batch and accumulation together
};

// Scores of fewer resolved CA atoms are numbers about nothing (OpenFold's lDDT is then 1).
inline constexpr double fewest_ca = 2;

// float64 [n] on the device, of one batch: `outputs` of the model beside `truth`, the features of the last pass.
at::Tensor batch_values(const LossResult& loss, const TensorDict& outputs, const TensorDict& truth);
// float64 [n] on the device, of the update.
at::Tensor update_values(const ClippedNorm& norm);

// A tensor on its way to the host. On the CPU it is there at once.
class ValuesOnTheWay {
 public:
  ValuesOnTheWay() = default;
  explicit ValuesOnTheWay(const at::Tensor& values);
  // Waits for the device. Pointer to the numbers; holds while this object lives.
  const double* wait();

 private:
  at::Tensor host_;
  std::optional<c10::Event> arrived_;
};

// Adds what batch_values said of one of `batches` batches to the step's metrics. `terms`: LossResult's names.
class BatchMetrics {
 public:
  void add(const double* values, const std::vector<std::string>& terms);
  // Means over the batches added.
  void finish(StepMetrics& metrics) const;

 private:
  StepMetrics sum_;
  double batches_ = 0;
  double scored_ = 0;  // crops with a score
};
void read_update(const double* values, StepMetrics& metrics);

}  // namespace foldperf::trainer

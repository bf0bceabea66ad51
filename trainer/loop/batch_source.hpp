// Where the loop's batches come from: the loader in a program, made-up ones in a test.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/facts/facts.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/predict/inference_cost.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct TrainingBatch {
  TensorDict features;     // OpenFold's names, [1, ..., recycling passes]; on the device, or to be copied there
  facts::BatchFact about;  // chain, length, depth, preparation times; `step` is filled in by the loop
  std::vector<facts::BatchFact> more;  // of the other samples, where the batch holds several
  std::int64_t drift = 0;              // places that it came after its turn; negative: before
  QueueProgress progress;              // what a run that goes on after this sample needs to know of the order
};

// Every tensor on the device; asynchronous where it comes from page-locked memory.
TensorDict to_device(const TensorDict& features, at::Device device);
// The features of the last recycling pass, without that dimension: what losses and metrics compare with.
TensorDict last_pass(const TensorDict& features);
// Several batches of one shape as one; drift and progress are those of the last. Throws Error where shapes differ.
TrainingBatch join_batches(std::vector<TrainingBatch> batches);

// Training batches without end.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual TrainingBatch next() = 0;
  [[nodiscard]] virtual std::size_t chains() const { return 0; }  // that there are; 0: not known
};

// The chains a model is evaluated on, one batch each, the same at every evaluation.
class EvaluationSource {
 public:
  virtual ~EvaluationSource() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;  // 0: there is nothing to evaluate on
  // Throws InputError where the chain's files are missing or damaged; the others can be had all the same.
  virtual TrainingBatch get(std::size_t index) = 0;
  // Names and lengths of all of them; none where they are not known before they are read.
  [[nodiscard]] virtual std::vector<ChainLength> lengths() const { return {}; }
};

}  // namespace foldperf::trainer

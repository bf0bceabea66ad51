// Where the loop's batches come from: the loader in a program, made-up ones in a test.
#pragma once

#include <cstddef>

#include "core/facts/facts.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct TrainingBatch {
  TensorDict features;     // OpenFold's names, [1, ..., recycling passes], on the CPU
  facts::BatchFact about;  // chain, length, depth, preparation times; `step` is filled in by the loop
};

// Training batches without end, in an order that depends on the seed only.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual TrainingBatch next() = 0;
};

// The chains a model is evaluated on, one batch each, the same at every evaluation.
class EvaluationSource {
 public:
  virtual ~EvaluationSource() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  virtual TrainingBatch get(std::size_t index) = 0;
};

}  // namespace foldperf::trainer

// A plan runs the trainer's own step, which sets what belongs to the whole process: this puts it back.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace foldperf::trainer {

// While it lives, what a Trainer changes of the process may change; then, also where an exception ends it, it is as it
// was: the random numbers to come, how products round, whether only repeatable algorithms run; and the tables that were
// put on the meta device are gone, so that every plan begins as a process does. One thread at a time.
class ProcessState {
 public:
  ProcessState();
  ~ProcessState();
  ProcessState(const ProcessState&) = delete;
  ProcessState& operator=(const ProcessState&) = delete;

 private:
  std::vector<std::pair<at::Generator, at::Tensor>> generators_;  // with their states
  bool tf32_;
  bool reduced_bf16_, split_bf16_;  // cuBLAS' partial sums
  bool deterministic_, only_warns_, fills_;
  bool has_workspace_setting_;  // CUBLAS_WORKSPACE_CONFIG, which train.deterministic sets
};

}  // namespace foldperf::trainer

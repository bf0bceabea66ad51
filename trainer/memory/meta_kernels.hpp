// Operators of the model that LibTorch's meta device lacks or composes of others: shapes, types and, for the count of
// memory, the same results as the CUDA operators give (ATen/native/cuda). Python's PyTorch adds such operators in
// Python.
#pragma once

namespace foldperf::trainer {

// Once a process; more calls change nothing.
void register_meta_kernels();

}  // namespace foldperf::trainer

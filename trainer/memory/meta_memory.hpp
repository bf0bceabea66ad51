// Counts the memory of tensors on LibTorch's meta device. Such tensors have shapes, types and storages but no memory,
// and operators on them compute nothing: a training step on this device allocates and frees what the same step on a GPU
// would, in the same order, within seconds on any machine.
//
// The counts are those of the whole process. Thread-safe; a reset belongs to one user at a time.
#pragma once

#include <cstdint>

namespace foldperf::trainer::meta_memory {

// Puts the counting allocator, and the operators that the meta device lacks (meta_kernels.hpp), in place. Storages made
// before the first call are not counted.
void install();

struct Usage {
  std::int64_t allocated = 0;  // bytes that tensors hold, in blocks as the caching allocator for CUDA makes them
  std::int64_t reserved = 0;   // bytes that this allocator would have taken from the device
};
[[nodiscard]] Usage live();
// The most at once, of each, since the last reset.
[[nodiscard]] Usage peak();
void reset_peak();
// From here on no more than so many bytes are reserved; 0: no limit. A tensor for which there is no room, even after
// unused segments are given back, throws c10::OutOfMemoryError, as the allocator for CUDA does.
void set_limit(std::int64_t bytes);
// Forgets segments that hold nothing, as a new process would not have them.
void release_unused();

}  // namespace foldperf::trainer::meta_memory

// Which errors say that memory is out.
#pragma once

#include <c10/util/Exception.h>

namespace foldperf::trainer {

// Whether the error says that a device's memory is out: LibTorch's allocator, CUDA itself (graphs, contexts), cuBLAS or
// cuDNN (handles, workspaces). Such an error leaves the device usable.
bool is_out_of_device_memory(const c10::Error& error) noexcept;

// Whether what is being handled (in a catch block) says that memory is out: a device's, the CPU's of LibTorch's
// allocator, or std::bad_alloc.
bool is_out_of_memory() noexcept;

}  // namespace foldperf::trainer

// Which calls of CUDA's APIs level `kernels` records: launches, copies, sets and what makes the host wait. All of them
// would cost several times as much, and most tell nothing (cudaGetDevice, cudaGetLastError).
#pragma once

#include <string_view>

namespace foldperf::collectors {

// name: as cuptiGetCallbackName tells it, "cudaLaunchKernel_v7000", "cuLaunchKernelEx_ptsz".
bool is_worth_recording(std::string_view name);

// "cudaLaunchKernel" of "cudaLaunchKernel_v7000": CUPTI numbers the versions, people do not.
std::string_view without_version(std::string_view name);

}  // namespace foldperf::collectors

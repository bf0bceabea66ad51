// Whether this process' NVTX is recorded.
#pragma once

namespace foldperf::collectors {

// Starts the session, the first time. Any of NVTX's doors may be the first to open, and each copy of NVTX opens its
// own.
bool watches_nvtx() noexcept;

}  // namespace foldperf::collectors

// The collector's clock: monotonic nanoseconds, and where they lie in UTC.
//
// An event is stamped with CLOCK_MONOTONIC, which never jumps, and is moved to UTC by an offset taken once a process,
// so that two events of one process keep their distance whatever happens to the machine's wall clock.
#pragma once

#include <cstdint>

namespace foldperf::collectors {

// CLOCK_MONOTONIC, ns. A call of the vDSO: no system call.
std::int64_t monotonic_ns() noexcept;

// What to add to monotonic_ns() to get ns since 1970, UTC: the closest of several readings of both clocks.
std::int64_t measure_utc_offset_ns() noexcept;

}  // namespace foldperf::collectors

// MLPerf's log of a run that goes on from a checkpoint.
#pragma once

#include <cstdint>
#include <string>

namespace foldperf::trainer {

// Cuts the log before the first line that tells of what comes after `steps` steps (metadata's `step`, the steps made;
// run_start's `first_step`), before an evaluation after `steps` unless `is_evaluated`, and before the start of what has
// no end then: an epoch, a run's initialisation. A line that its writer could not finish goes too. Atomically; a file
// that is not there is left so, as is one that is no regular file (/dev/stdout). Throws InputError and SystemError.
void drop_mlperf_lines_after(const std::string& path, std::int64_t steps, bool is_evaluated);

}  // namespace foldperf::trainer

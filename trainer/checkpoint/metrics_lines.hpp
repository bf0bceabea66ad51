// metrics.jsonl of a run that goes on from a checkpoint.
#pragma once

#include <cstdint>
#include <string>

namespace foldperf::trainer {

// Drops the lines that the resumed run will write again: of steps from `steps` on (a line's `step` is the number of the
// step, or with kind "eval..." the steps made before), and what is no line (the end of a file whose writer was killed).
// Evaluations after `steps` stay where `is_evaluated`. Atomically; a file that is not there is left so. Returns how
// many lines were dropped. Throws InputError and SystemError.
std::int64_t drop_lines_after(const std::string& path, std::int64_t steps, bool is_evaluated);

}  // namespace foldperf::trainer

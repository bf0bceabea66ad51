// foldperf profile start|stop|status: tells the processes of a run that goes on.
#pragma once

#include <string>
#include <vector>

namespace foldperf::cli {

// Whether these words, behind `foldperf profile`, are meant for a run and are no command to profile.
bool is_control(const std::vector<std::string>& words);

// words: start, stop or status; then the run database that `foldperf profile -o` will write, or the run's folder; by
// itself, the one run whose folder lies in the current one. Prints a line a process. Throws UsageError, InputError
// (no such run, or nobody there who listens), SystemError where a process did not answer.
int control(const std::vector<std::string>& words);

}  // namespace foldperf::cli

// Run databases of other tools' recordings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::exchange {

struct ImportReport {
  std::int64_t events = 0;     // that are in the run
  std::int64_t not_taken = 0;  // of kinds that a run has no place for: dropped_records tells which
  int ranks = 0;
};

// Traces of PyTorch's profiler (Kineto), or foldperf's own of export_chrome, plain or compressed by gzip; a file a
// rank, in which `distributedInfo` tells the rank (else: the files' order). Streams: memory goes with names, not with
// events. Replaces `output`. Throws InputError that names file and byte, SystemError (cannot be written); then nothing
// is left.
ImportReport import_traces(const std::vector<std::string>& files, const std::string& output);

// An export of Nsight Systems (nsys export --type sqlite), of one session: each of its processes becomes a rank, in the
// order of their ids. Throws as above; an InputError names the table that is not as it should be.
ImportReport import_nsight(const std::string& file, const std::string& output);

}  // namespace foldperf::exchange

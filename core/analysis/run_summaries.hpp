// Fills what later readers would else count out of millions of rows: summary_kernels, timeline_tracks, timeline_lod.
// The rows are documented in docs/run-database.md.
#pragma once

#include <string>

namespace foldperf::analysis {

// Of the merged run at `path`, whose steps are known (find_steps), replaces its summaries; stacks of ranges under which
// kernels were launched are added to range_stacks. Rank by rank: memory goes with the rows of one, some 60 bytes a
// kernel with its launch, and 64 a range. All or nothing.
// Throws InputError (no run database), SystemError (cannot be written).
void summarize_run(const std::string& path);

}  // namespace foldperf::analysis

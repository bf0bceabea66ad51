// Made-up run databases: small trainings with steps, phases, modules, operators, batches and metrics, as a collector
// would have written and merged them. The same options give the same database.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::test {

struct SampleRunOptions {
  int steps = 40;
  int blocks = 4;  // Evoformer blocks
  int ranks = 1;
  int chains = 4;
  bool operators = true;
  bool unfinished = false;  // killed in its last step: open ranges, no end
  bool recompute = true;    // activation checkpointing: modules run again in the backward phase
  std::string name = "tiny on sample proteins";
  std::string command = "foldperf-train --preset tiny --data share/samples";
  std::vector<std::string> extra_modules;  // module paths with one forward range in each step
};

// The file must not exist. Throws SystemError where it cannot be written.
void write_sample_run(const std::string& path, const SampleRunOptions& options = {});

// A program that knows nothing of foldperf's convention: ranges of torch.cuda.nvtx in the default domain
// ("iteration 17" holds "forward", "backward", "optimizer", "forward" holds two layers).
void write_plain_run(const std::string& path, int iterations = 20);

// A run of which nothing but the schema and, where asked, the row of `runs` is known.
void write_empty_run(const std::string& path, bool with_run_row = true);

}  // namespace foldperf::test

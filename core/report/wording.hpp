// Sentences and labels that the text and the HTML report share.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/analysis.hpp"

namespace foldperf::report {

std::string title_of(const analysis::RunAnalysis& run);                    // the run's name, or its command
std::string state_sentence(const analysis::RunAnalysis& run);              // "finished, exit code 0"
std::vector<std::string> machine_lines(const analysis::RunAnalysis& run);  // one a host: ranks, CPU, memory, system
std::vector<std::string> gpu_lines(const analysis::RunAnalysis& run);      // one a kind of GPU
std::string dropped_sentence(const analysis::RunAnalysis& run);
std::string clock_sentence(const analysis::RunAnalysis& run);  // how well the ranks' clocks agree; empty: one process
std::string waits_sentence(const analysis::RunAnalysis& run);  // of ranks in collectives
std::string evidence_of(const imbalance::Finding& finding);    // in the cause's own unit
std::string step_source_sentence(const analysis::RunAnalysis& run);  // how steps were found; empty: the program told
bool follows_convention(const analysis::RunAnalysis& run);           // it told steps or modules as docs/facts.md says
std::string pooled_sentence(const analysis::RunAnalysis& run);       // which phases are counted together; empty: none

// What stands out, in sentences: where most of a step goes, data wait, slow steps, drops. Empty when nothing is known.
std::vector<std::string> findings(const analysis::RunAnalysis& run);

// "32–63", "1", "512 and more", "not given" of a bin.
std::string bin_label(const analysis::BatchBin& bin);

// "data wait" for "data_wait"; names outside the convention as they are.
std::string phase_label(const std::string& phase);

// "all ranks", "rank 3", "process" for a rank of -1.
std::string rank_label(int rank);

// What is missing from the run and why that may be; one sentence each.
inline constexpr const char* no_steps =
    "No steps: the program does not say where its training steps begin and end (docs/facts.md tells how; foldperf "
    "merge "
    "--step-range names an NVTX range of its own), and what it did shows no pattern that repeats.";
inline constexpr const char* no_phases = "No phases (forward, backward, data wait) were recorded.";
inline constexpr const char* no_modules = "No module ranges were recorded.";
inline constexpr const char* module_tree_cut =
    "The picture is cut: some module paths are longer or deeper than it can hold, or there are too many. Their time "
    "counts as that of the last module shown above them; the tables have them whole.";
inline constexpr const char* no_operators =
    "No operators were recorded: foldperf-train records them when it is told to (profile.operators).";
inline constexpr const char* no_batches = "No batches were recorded: what training waited for is unknown.";
inline constexpr const char* no_metrics = "No metrics (loss, lDDT-Cα) were recorded.";
inline constexpr const char* no_ranges =
    "No NVTX range was recorded. The program named none, or did not load the collector.";
inline constexpr const char* not_converted =
    "The program does not follow foldperf's convention (docs/facts.md): modules, batches and metrics are unknown. "
    "Below "
    "is the time by range name.";
inline constexpr const char* module_kernels =
    "A kernel counts for the innermost module whose range was open when it was launched, or when its node was captured "
    "into a CUDA graph; where no range is a module, for the innermost range. Kernels that ran at once count each.";

}  // namespace foldperf::report

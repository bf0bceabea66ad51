#include "core/report/wording.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "core/facts/conventions.hpp"
#include "core/report/units.hpp"

namespace foldperf::report {
namespace {

std::string rank_list(const std::vector<int>& ranks) {
  if (ranks.size() == 1) return rank_label(ranks.front());
  std::string text = "ranks ";
  if (ranks.size() > 8) {
    return text + std::to_string(ranks.front()) + " to " + std::to_string(ranks.back()) + " (" +
           std::to_string(ranks.size()) + " processes)";
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) text += (i ? ", " : "") + std::to_string(ranks[i]);
  return text;
}

// The phase that takes most of the steps, and its share.
void add_phase_findings(const analysis::RunAnalysis& run, std::vector<std::string>& sentences) {
  const auto total = static_cast<double>(run.phases.steps_total_ns);
  const analysis::PhaseTime* largest = nullptr;
  for (const analysis::PhaseTime& phase : run.phases.phases) {
    if (!largest || phase.in_steps_ns > largest->in_steps_ns) largest = &phase;
    if (phase.phase == facts::phase::data_wait && phase.in_steps_ns > 0) {
      const double part = share(static_cast<double>(phase.in_steps_ns), total);
      sentences.push_back(part >= 0.05 ? "Training waits for data " + format_percent(part) +
                                             " of the step time: data preparation holds the run back."
                                       : "Data wait is " + format_percent(part) + " of the step time.");
    }
  }
  if (run.phases.phases.size() > 1 && largest && total > 0 && largest->in_steps_ns > 0) {
    sentences.insert(sentences.begin(), "Most of the step time goes to " + phase_label(largest->phase) + ": " +
                                            format_percent(share(static_cast<double>(largest->in_steps_ns), total)) +
                                            ".");
  }
}

// What a collector that failed did not record is in no table below.
void add_collector_findings(const analysis::RunAnalysis& run, std::vector<std::string>& sentences) {
  std::map<std::pair<std::string, std::string>, std::size_t> failed;
  for (const database::CollectorRow& collector : run.facts.collectors) {
    if (collector.state == "failed") ++failed[{collector.name, collector.detail}];
  }
  for (const database::CollectorRow& collector : run.facts.collectors) {
    if (collector.name == "clock" && collector.state == "stepped") {
      sentences.push_back(rank_label(collector.rank) + ": " + collector.detail + ".");
    }
  }
  for (const auto& [what, processes] : failed) {
    sentences.push_back("The collector " + what.first + " failed" +
                        (processes > 1 ? " in " + std::to_string(processes) + " processes" : "") +
                        (what.second.empty() ? "" : " (" + what.second + ")") + ": what it records is missing here.");
  }
}

}  // namespace

std::string title_of(const analysis::RunAnalysis& run) {
  if (!run.facts.run.name.empty()) return run.facts.run.name;
  if (!run.facts.run.command.empty()) return run.facts.run.command;
  return "unnamed run";
}

std::string state_sentence(const analysis::RunAnalysis& run) {
  std::string text = run.facts.run.state.empty() ? "state unknown" : run.facts.run.state;
  if (run.facts.run.exit_code) text += ", exit code " + std::to_string(*run.facts.run.exit_code);
  const auto killed = std::count_if(run.facts.ranks.begin(), run.facts.ranks.end(),
                                    [](const database::RankRow& rank) { return rank.state == "killed"; });
  if (killed > 0) {
    text += "; " + std::to_string(killed) + " of " + std::to_string(run.facts.ranks.size()) +
            (run.facts.ranks.size() == 1 ? " process" : " processes") + " ended without closing its record";
  }
  return text;
}

std::vector<std::string> machine_lines(const analysis::RunAnalysis& run) {
  using Machine = std::tuple<std::string, std::string, int, std::int64_t, std::string>;
  std::map<Machine, std::vector<int>> machines;
  for (const database::RankRow& rank : run.facts.ranks) {
    machines[{rank.host, rank.cpu_model, rank.cpu_count, rank.memory_bytes, rank.os}].push_back(rank.rank);
  }
  std::vector<std::string> lines;
  for (const auto& [machine, ranks] : machines) {
    const auto& [host, cpu, cpu_count, memory, os] = machine;
    std::string line = (host.empty() ? "unknown host" : host) + " (" + rank_list(ranks) + ")";
    line += ": " + (cpu.empty() ? "CPU unknown" : cpu);
    if (cpu_count > 0) line += ", " + std::to_string(cpu_count) + (cpu_count == 1 ? " core" : " cores");
    if (memory > 0) line += ", " + format_bytes(static_cast<double>(memory));
    if (!os.empty()) line += ", " + os;
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> gpu_lines(const analysis::RunAnalysis& run) {
  std::map<std::tuple<std::string, std::int64_t, std::int64_t>, int> kinds;
  std::set<std::string> seen;  // each process tells of the GPUs that it sees, which ranks may share
  for (const analysis::Gpu& gpu : run.facts.gpus) {
    if (gpu.uuid.empty() || seen.insert(gpu.uuid).second) ++kinds[{gpu.name, gpu.memory_bytes, gpu.multiprocessors}];
  }
  std::vector<std::string> lines;
  for (const auto& [kind, count] : kinds) {
    const auto& [name, memory, multiprocessors] = kind;
    std::string line = std::to_string(count) + " × " + (name.empty() ? "unknown GPU" : name);
    if (memory > 0) line += ", " + format_bytes(static_cast<double>(memory));
    if (multiprocessors > 0) line += ", " + std::to_string(multiprocessors) + " multiprocessors";
    lines.push_back(line);
  }
  return lines;
}

std::string dropped_sentence(const analysis::RunAnalysis& run) {
  if (run.facts.dropped_total == 0) return "none";
  std::int64_t left_out = 0;  // by an import, which knew them: nothing is missing in what it kept
  for (const database::DroppedRow& row : run.facts.dropped) {
    if (row.reason == "not imported")
      left_out = std::min(left_out + database::bounded(row.count), run.facts.dropped_total);
  }
  std::string text;
  if (left_out < run.facts.dropped_total) {
    text = format_count(run.facts.dropped_total - left_out) +
           " records could not be kept: times below are too short by what they held";
  }
  if (left_out > 0) {
    text += (text.empty() ? "" : "; ") + format_count(left_out) + " of the imported file have no place in a run";
  }
  return text;
}

std::string waits_sentence(const analysis::RunAnalysis& run) {
  const imbalance::Imbalance& found = run.imbalance;
  std::string text = "Ranks met in " + format_count(found.meetings) + " collectives and waited " +
                     format_duration(static_cast<double>(found.waited_ns)) +
                     " for the last of each, all ranks together.";
  if (found.alone > 0) {
    text += " Of another " + format_count(found.alone) + " the run holds one rank only.";
  }
  return text;
}

std::string evidence_of(const imbalance::Finding& finding) {
  switch (finding.cause) {
    case imbalance::Cause::loader:
      return format_duration(finding.evidence) + " more in the loader each time";
    case imbalance::Cause::garbage_collection:
      return format_duration(finding.evidence) + " more in collections each time";
    case imbalance::Cause::more_work:
      return format_duration(finding.evidence) + " more of kernels a step";
    case imbalance::Cause::busy_neighbour:
      return "others took " + format_percent(finding.evidence) + " more of its cores";
    case imbalance::Cause::gpu_clock:
      return "its GPU ran at " + format_percent(finding.evidence) + " of the others' clock";
    case imbalance::Cause::unknown:
      break;
  }
  return "-";
}

std::string clock_sentence(const analysis::RunAnalysis& run) {
  if (run.facts.ranks.size() < 2) return {};
  std::int64_t worst = -1;
  std::size_t unknown = 0;
  int of_rank = 0;
  for (const database::RankRow& rank : run.facts.ranks) {
    if (!rank.clock_residual_ns) {
      ++unknown;
    } else if (*rank.clock_residual_ns > worst) {
      worst = *rank.clock_residual_ns;
      of_rank = rank.rank;
    }
  }
  if (worst < 0) return "how well the processes' clocks agree is not known: as well as their hosts' do";
  return "agree within " + format_duration(static_cast<double>(worst)) + " (least well: " + rank_label(of_rank) + ")" +
         (unknown > 1 ? ", " + format_count(static_cast<std::int64_t>(unknown)) + " processes not known" : "");
}

std::string step_source_sentence(const analysis::RunAnalysis& run) {
  if (run.steps.source == "nvtx") {
    return "The steps are ranges that the program names (a trainer's name for its steps, or that of --step-range).";
  }
  if (run.steps.source == "pattern") {
    return "The program names no steps: these are the pattern that repeats in what its GPUs did, or in its "
           "collectives, with a confidence of " +
           format_percent(run.steps.confidence) + ". Numbers count from 0 where recording began.";
  }
  return {};
}

bool follows_convention(const analysis::RunAnalysis& run) {
  return run.steps.source == "fact" || !run.modules.modules.empty();
}

std::string pooled_sentence(const analysis::RunAnalysis& run) {
  if (run.phases.pooled == 0) return {};
  return "\"" + std::string(analysis::other_phases) + "\" are " +
         format_count(static_cast<std::int64_t>(run.phases.pooled)) +
         " names outside the convention, those of least time, counted together.";
}

std::vector<std::string> findings(const analysis::RunAnalysis& run) {
  std::vector<std::string> sentences;
  add_phase_findings(run, sentences);
  const analysis::Summary& steps = run.steps.all.duration_ns;
  if (steps.count >= 10 && steps.median > 0 && steps.p90 > 2 * steps.median) {
    sentences.push_back("One step in ten takes more than " + format_duration(steps.p90) + ", the median step " +
                        format_duration(steps.median) + ": see what the slow steps have in common.");
  }
  if (run.steps.by_rank.size() > 1) {
    const auto slower = [](const analysis::StepStatistics& a, const analysis::StepStatistics& b) {
      return a.duration_ns.median < b.duration_ns.median;
    };
    const auto [fast, slow] = std::minmax_element(run.steps.by_rank.begin(), run.steps.by_rank.end(), slower);
    if (fast->duration_ns.median > 0 && slow->duration_ns.median > 1.05 * fast->duration_ns.median) {
      sentences.push_back("The median step of " + rank_label(slow->rank.value_or(0)) + " takes " +
                          format_percent(slow->duration_ns.median / fast->duration_ns.median - 1) +
                          " longer than that of " + rank_label(fast->rank.value_or(0)) + ".");
    }
  }
  add_collector_findings(run, sentences);
  if (run.facts.dropped_total > 0) {
    sentences.push_back(format_count(run.facts.dropped_total) + " records were dropped: the picture is incomplete.");
  }
  return sentences;
}

std::string bin_label(const analysis::BatchBin& bin) {
  if (bin.from <= 0) return "not given";
  if (bin.from == bin.to) return std::to_string(bin.from);
  if (bin.to == std::numeric_limits<std::int64_t>::max()) return format_count(bin.from) + " and more";
  return format_count(bin.from) + "–" + format_count(bin.to);
}

std::string phase_label(const std::string& phase) {
  std::string label = phase;
  std::replace(label.begin(), label.end(), '_', ' ');
  return label == "ema" ? "EMA" : label;
}

std::string rank_label(int rank) { return rank < 0 ? "process" : "rank " + std::to_string(rank); }

}  // namespace foldperf::report

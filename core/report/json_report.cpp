#include "core/report/json_report.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "core/report/units.hpp"

namespace foldperf::report {
namespace {

using analysis::RunAnalysis;
using Json = nlohmann::ordered_json;

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// null where there is no whole.
Json share_json(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? Json(static_cast<double>(part) / static_cast<double>(whole)) : Json(nullptr);
}

Json summary_json(const analysis::Summary& s) {
  if (s.count == 0) return {{"count", 0}};
  return {{"count", s.count}, {"sum", s.sum},       {"mean", s.mean}, {"min", s.min},
          {"p10", s.p10},     {"median", s.median}, {"p90", s.p90},   {"max", s.max}};
}

Json run_json(const RunAnalysis& run) {
  const database::RunRow& row = run.facts.run;
  return {{"name", row.name},
          {"command", row.command},
          {"working_directory", row.working_directory},
          {"state", row.state},
          {"exit_code", optional_json(row.exit_code)},
          {"start_utc_ns", row.start_utc_ns},
          {"end_utc_ns", optional_json(row.end_utc_ns)},
          {"duration_ns", run.facts.duration_ns},
          {"duration_known", run.facts.duration_known},
          {"foldperf_version", row.foldperf_version},
          {"database", run.facts.path},
          {"schema_version", run.facts.schema_version},
          {"ranges", run.range_count},
          {"unclosed_ranges", run.unclosed_ranges}};
}

Json machine_json(const RunAnalysis& run) {
  Json machine{{"ranks", Json::array()}, {"gpus", Json::array()}};
  for (const database::RankRow& rank : run.facts.ranks) {
    machine["ranks"].push_back({{"rank", rank.rank},
                                {"world_size", optional_json(rank.world_size)},
                                {"host", rank.host},
                                {"pid", rank.pid},
                                {"command", rank.command},
                                {"state", rank.state},
                                {"cpu_model", rank.cpu_model},
                                {"cpu_count", rank.cpu_count},
                                {"memory_bytes", rank.memory_bytes},
                                {"os", rank.os},
                                {"start_utc_ns", rank.start_utc_ns},
                                {"end_utc_ns", optional_json(rank.end_utc_ns)},
                                {"offset_ns", rank.offset_ns},
                                {"clock_residual_ns", optional_json(rank.clock_residual_ns)}});
  }
  for (const analysis::Gpu& gpu : run.facts.gpus) {
    machine["gpus"].push_back({{"rank", gpu.rank},
                               {"name", gpu.name},
                               {"memory_bytes", gpu.memory_bytes},
                               {"multiprocessors", gpu.multiprocessors}});
  }
  return machine;
}

Json record_json(const RunAnalysis& run) {
  Json record{{"collectors", Json::array()}, {"dropped_total", run.facts.dropped_total}, {"dropped", Json::array()}};
  for (const database::CollectorRow& row : run.facts.collectors) {
    record["collectors"].push_back(
        {{"rank", row.rank}, {"name", row.name}, {"state", row.state}, {"detail", row.detail}});
  }
  for (const database::DroppedRow& row : run.facts.dropped) {
    record["dropped"].push_back({{"rank", row.rank}, {"kind", row.kind}, {"reason", row.reason}, {"count", row.count}});
  }
  return record;
}

Json step_statistics_json(const analysis::StepStatistics& s) {
  return {{"rank", optional_json(s.rank)},
          {"duration_ns", summary_json(s.duration_ns)},
          {"first_ns", optional_json(s.first_ns)},
          {"steps_per_s", s.steps_per_s},
          {"samples_per_s", optional_json(s.samples_per_s)}};
}

Json steps_json(const RunAnalysis& run) {
  const bool any = !run.steps.steps.empty();
  Json steps{{"source", any ? Json(run.steps.source) : Json(nullptr)},
             {"confidence", any ? Json(run.steps.confidence) : Json(nullptr)},
             {"count", run.steps.steps.size()},
             {"incomplete", run.steps.incomplete},
             {"total_ns", run.steps.total_ns},
             {"all_ranks", step_statistics_json(run.steps.all)},
             {"by_rank", Json::array()},
             {"steps", Json::array()}};
  for (const analysis::StepStatistics& rank : run.steps.by_rank) steps["by_rank"].push_back(step_statistics_json(rank));
  for (std::size_t i = 0; i < run.steps.steps.size(); ++i) {
    const analysis::Step& step = run.steps.steps[i];
    Json phases = Json::object();
    for (std::size_t p = 0; p < run.phases.phases.size(); ++p) {
      if (run.phases.per_step[i][p] > 0) phases[run.phases.phases[p].phase] = run.phases.per_step[i][p];
    }
    steps["steps"].push_back({{"rank", step.rank},
                              {"step", step.number},
                              {"start_ns", step.start},
                              {"duration_ns", step.duration()},
                              {"samples", optional_json(step.samples)},
                              {"complete", step.complete},
                              {"phases_ns", std::move(phases)}});
  }
  return steps;
}

Json phases_json(const RunAnalysis& run) {
  Json phases = Json::array();
  for (const analysis::PhaseTime& phase : run.phases.phases) {
    phases.push_back({{"phase", phase.phase},
                      {"count", phase.count},
                      {"in_steps_ns", phase.in_steps_ns},
                      {"share_of_steps", share_json(phase.in_steps_ns, run.phases.steps_total_ns)},
                      {"outside_steps_ns", phase.outside_ns},
                      {"per_step_ns", summary_json(phase.per_step_ns)}});
  }
  return phases;
}

Json module_json(const RunAnalysis& run, const analysis::ModuleTime& module) {
  Json json{{"path", module.path}, {"members", module.members}};
  for (std::size_t p = 0; p < analysis::pass_count; ++p) {
    const analysis::PassTime& pass = module.passes[p];
    json[analysis::pass_names[p]] = {{"count", pass.count}, {"total_ns", pass.total_ns}, {"self_ns", pass.self_ns}};
  }
  const analysis::PassTime training = module.training();
  json["share_of_steps"] = share_json(training.total_ns, run.steps.total_ns);
  json["self_share_of_steps"] = share_json(training.self_ns, run.steps.total_ns);
  return json;
}

Json modules_json(const RunAnalysis& run) {
  Json modules{{"folded", Json::array()}, {"modules", Json::array()}};
  for (const analysis::ModuleTime& module : run.modules.folded) modules["folded"].push_back(module_json(run, module));
  for (const analysis::ModuleTime& module : run.modules.modules) modules["modules"].push_back(module_json(run, module));
  return modules;
}

Json operators_json(const RunAnalysis& run) {
  Json operators = Json::array();
  for (const analysis::OperatorTime& op : run.operators.operators) {
    operators.push_back({{"name", op.name},
                         {"count", op.count},
                         {"total_ns", op.total_ns},
                         {"self_ns", op.self_ns},
                         {"forward_ns", op.forward_ns},
                         {"backward_ns", op.backward_ns},
                         {"other_ns", op.other_ns},
                         {"background_ns", op.background_ns},
                         {"in_steps_ns", op.in_steps_ns},
                         {"share_of_steps", share_json(op.in_steps_ns, run.steps.total_ns)}});
  }
  return operators;
}

Json bins_json(const std::vector<analysis::BatchBin>& bins) {
  Json json = Json::array();
  for (const analysis::BatchBin& bin : bins) {
    json.push_back({{"from", bin.from},
                    {"to", bin.to == std::numeric_limits<std::int64_t>::max() ? Json(nullptr) : Json(bin.to)},
                    {"batches", bin.wait_ns.count},
                    {"wait_ns", summary_json(bin.wait_ns)},
                    {"preparation_ns", summary_json(bin.preparation_ns)}});
  }
  return json;
}

Json data_json(const RunAnalysis& run) {
  Json stages = Json::array();
  for (const analysis::PreparationStage& stage : run.data.stages) {
    stages.push_back({{"stage", stage.stage}, {"preparation_ns", summary_json(stage.ns)}});
  }
  return {{"batches", run.data.wait_ns.count},
          {"wait_ns", summary_json(run.data.wait_ns)},
          {"preparation_ns", summary_json(run.data.preparation_ns)},
          {"by_length", bins_json(run.data.by_length)},
          {"by_alignment_depth", bins_json(run.data.by_depth)},
          {"stages", std::move(stages)}};
}

Json points_json(const std::vector<analysis::MetricPoint>& points) {
  Json json = Json::array();
  for (const analysis::MetricPoint& point : points) json.push_back({point.step, point.value});
  return json;
}

Json metrics_json(const RunAnalysis& run) {
  Json metrics = Json::array();
  for (const analysis::MetricSeries& series : run.metrics.series) {
    Json chains = Json::array();
    for (const analysis::ChainCurve& chain : series.chains) {
      chains.push_back({{"chain", chain.chain}, {"points", points_json(chain.points)}});
    }
    metrics.push_back({{"name", series.name},
                       {"split", series.split},
                       {"not_finite", series.not_finite},
                       {"points", points_json(series.overall)},
                       {"chain_mean", points_json(series.chain_mean)},
                       {"chains", std::move(chains)}});
  }
  return metrics;
}

Json other_ranges_json(const RunAnalysis& run) {
  Json names = Json::array();
  for (const analysis::NameTime& name : run.other_ranges.names) {
    names.push_back({{"name", name.name},
                     {"count", name.count},
                     {"total_ns", name.total_ns},
                     {"self_ns", name.self_ns},
                     {"median_ns", name.median_ns},
                     {"p90_ns", name.p90_ns}});
  }
  Json tree = Json::array();
  for (const analysis::CallNode& node : run.other_ranges.nodes) {
    tree.push_back({{"name", node.name},
                    {"parent", node.parent == SIZE_MAX ? Json(nullptr) : Json(node.parent)},
                    {"count", node.count},
                    {"total_ns", node.total_ns},
                    {"self_ns", node.self_ns}});
  }
  return {{"covered_ns", run.other_ranges.self_ns},
          {"names", std::move(names)},
          {"tree", std::move(tree)},
          {"tree_cut", run.other_ranges.cut}};
}

Json waits_json(const imbalance::Imbalance& found) {
  Json ranks = Json::array(), stragglers = Json::array(), steps = Json::array();
  for (const imbalance::RankWait& rank : found.by_rank)
    ranks.push_back({{"rank", rank.rank}, {"waited_ns", rank.waited_ns}});
  for (const imbalance::Straggler& late : found.stragglers) {
    Json causes = Json::object();
    for (const auto& [cause, ns] : late.by_cause) causes[std::string(imbalance::name_of(cause))] = ns;
    stragglers.push_back({{"rank", late.rank},
                          {"came_last", late.times},
                          {"caused_ns", late.caused_ns},
                          {"share", late.share},
                          {"cause", imbalance::name_of(late.mostly.cause)},
                          {"evidence", late.mostly.evidence},
                          {"causes_ns", std::move(causes)}});
  }
  for (const imbalance::StepWait& wait : found.by_step) {
    steps.push_back({{"step", wait.step ? Json(*wait.step) : Json()},
                     {"rank", wait.rank},
                     {"waited_for", wait.waited_for},
                     {"waited_ns", wait.waited_ns}});
  }
  return {{"collectives", found.meetings}, {"of_one_rank_only", found.alone},     {"waited_ns", found.waited_ns},
          {"ranks", std::move(ranks)},     {"stragglers", std::move(stragglers)}, {"steps", std::move(steps)}};
}

Json kernel_times_json(const std::vector<analysis::KernelTime>& times) {
  Json rows = Json::array();
  for (const analysis::KernelTime& time : times) {
    rows.push_back({{"name", time.name}, {"count", time.count}, {"total_ns", time.total_ns}});
  }
  return rows;
}

}  // namespace

std::string render_json(const RunAnalysis& run) {
  Json recycling = Json::array();
  for (const analysis::RecyclingPass& pass : run.phases.recycling) {
    recycling.push_back({{"pass", pass.pass}, {"count", pass.count}, {"total_ns", pass.total_ns}});
  }
  const Json report{{"foldperf_report", json_version},
                    {"run", run_json(run)},
                    {"machine", machine_json(run)},
                    {"record", record_json(run)},
                    {"steps", steps_json(run)},
                    {"phases", phases_json(run)},
                    {"recycling_passes", std::move(recycling)},
                    {"modules", modules_json(run)},
                    {"operators", operators_json(run)},
                    {"data", data_json(run)},
                    {"metrics", metrics_json(run)},
                    {"kernels",
                     {{"total_ns", run.kernels.total_ns},
                      {"names", kernel_times_json(run.kernels.kernels)},
                      {"modules", kernel_times_json(run.kernels.modules)}}},
                    {"waits", waits_json(run.imbalance)},
                    {"other_ranges", other_ranges_json(run)}};
  // Names from the database need not be valid UTF-8: broken bytes become U+FFFD.
  return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace foldperf::report

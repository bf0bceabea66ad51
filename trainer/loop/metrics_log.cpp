#include "trainer/loop/metrics_log.hpp"

#include <nlohmann/json.hpp>

namespace foldperf::trainer {

using nlohmann::ordered_json;

void MetricsLog::run_start(const RunStart& start) {
  told_steps_ = ToldSteps(start.config.train);
  file_.emplace(path_, start.is_continued ? OutputFile::Mode::append : OutputFile::Mode::truncate);
}

void MetricsLog::step(const StepRecord& record) {
  const StepMetrics& metrics = record.metrics;
  if (!told_steps_.has(metrics)) return;
  const facts::BatchFact& sample = record.samples.front();
  ordered_json line = {{"kind", "train"},          {"step", metrics.step}, {"chain", sample.chain},
                       {"length", sample.length},  {"crop", sample.crop},  {"alignment_depth", sample.alignment_depth},
                       {"passes", metrics.passes}, {"loss", metrics.loss}, {"unscaled_loss", metrics.unscaled_loss}};
  if (record.samples.size() > 1) {
    line["samples"] = record.samples.size();
    for (const facts::BatchFact& each : record.samples) line["chains"].push_back(each.chain);
  }
  for (const auto& [name, value] : metrics.terms) line["loss." + name] = value;
  line["lddt_ca"] = metrics.lddt_ca;
  line["drmsd_ca"] = metrics.drmsd_ca;
  line["grad_norm"] = metrics.gradient_norm;
  line["learning_rate"] = metrics.learning_rate;
  if (metrics.skipped) line["skipped"] = true;
  if (!metrics.nonfinite_terms.empty()) line["nonfinite_terms"] = metrics.nonfinite_terms;
  line["step_s"] = record.step_s;
  line["data_wait_s"] = record.data_wait_s;
  line["data_drift"] = record.drift;
  for (const auto& [name, value] : record.device) line[name] = value;
  write(line);
}

void MetricsLog::evaluation(const EvaluationRecord& record) {
  for (const ChainMetrics& chain : record.chains) {
    ordered_json line = {{"kind", chain.chain.empty() ? "eval_mean" : "eval"}, {"step", record.steps}};
    if (!chain.chain.empty()) {
      line["chain"] = chain.chain;
      line["length"] = chain.length;
    }
    for (const auto& [name, value] : chain.values) line[name] = value;
    if (!chain.error.empty()) line["error"] = chain.error;
    if (chain.chain.empty()) line["evaluation_s"] = record.seconds;
    write(line);
  }
}

void MetricsLog::run_end(const RunResult&) {
  if (file_) file_->close();
}

void MetricsLog::write(const ordered_json& line) {
  file_->write(line.dump(-1, ' ', false, ordered_json::error_handler_t::replace).append("\n"));
}

}  // namespace foldperf::trainer

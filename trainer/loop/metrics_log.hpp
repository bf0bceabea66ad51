// metrics.jsonl: a line of JSON a step, an evaluated chain, an evaluation's mean.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "trainer/checkpoint/output_file.hpp"
#include "trainer/loop/run_observer.hpp"

namespace foldperf::trainer {

class MetricsLog : public RunObserver {
 public:
  // run_start begins the file anew, or goes on behind its last line. Throws SystemError, there and where a line cannot
  // be written.
  explicit MetricsLog(std::string path) : path_(std::move(path)) {}

  void run_start(const RunStart& start) override;
  void step(const StepRecord& record) override;
  void evaluation(const EvaluationRecord& record) override;
  void run_end(const RunResult& result) override;

 private:
  void write(const nlohmann::ordered_json& line);

  std::string path_;
  std::optional<OutputFile> file_;
  ToldSteps told_steps_;
};

}  // namespace foldperf::trainer

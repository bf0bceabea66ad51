// metrics.jsonl: a line of JSON a step, an evaluated chain, an evaluation's mean.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "trainer/checkpoint/output_file.hpp"
#include "trainer/loop/run_observer.hpp"

namespace foldperf::trainer {

class MetricsLog : public RunObserver {
 public:
  // Begins the file anew, or goes on behind its last line. Throws SystemError, here and where a line cannot be written.
  explicit MetricsLog(std::string path, OutputFile::Mode mode = OutputFile::Mode::truncate)
      : file_(std::move(path), mode) {}

  void run_start(const RunStart& start) override;
  void step(const StepRecord& record) override;
  void evaluation(const EvaluationRecord& record) override;
  void run_end(const RunResult& result) override;

 private:
  void write(const nlohmann::ordered_json& line);

  OutputFile file_;
  std::int64_t log_every_ = 1;
  std::int64_t last_step_ = 0;
};

}  // namespace foldperf::trainer

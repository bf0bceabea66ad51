// A run for TensorBoard: what metrics.jsonl says, as charts, and the configuration as text (docs/training.md lists the
// names). Steps count those made: the values of training step 0 stand at 1, beside an evaluation after one step.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "trainer/loop/run_observer.hpp"
#include "trainer/telemetry/tensorboard_events.hpp"

namespace foldperf::trainer {

class TensorBoardLog : public RunObserver {
 public:
  // Writes a new file into `folder` when the run starts; values of an earlier run there, from this one's first step on,
  // are dropped by TensorBoard. `config`: TOML. Throws SystemError, there and where the file cannot be written.
  TensorBoardLog(std::filesystem::path folder, std::string config)
      : folder_(std::move(folder)), config_(std::move(config)) {}

  void run_start(const RunStart& start) override;
  void step(const StepRecord& record) override;
  void evaluation(const EvaluationRecord& record) override;
  void run_end(const RunResult& result) override;

 private:
  std::filesystem::path folder_;
  std::string config_;
  std::optional<telemetry::EventFile> file_;
  ToldSteps told_steps_;
  std::int64_t skipped_steps_ = 0;
};

}  // namespace foldperf::trainer

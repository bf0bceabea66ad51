// A run in the log format of MLPerf (mlcommons/logging, mllog): lines ":::MLLOG {json}", with the keys of the logs of
// MLPerf HPC v3.0's OpenFold benchmark, so that its tools read our runs too. docs/training.md lists them.
//
// An epoch is what lies between two evaluations; epoch_num counts samples, as there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "trainer/checkpoint/output_file.hpp"
#include "trainer/loop/run_observer.hpp"

namespace foldperf::trainer {

class MlperfLog : public RunObserver {
 public:
  // Milliseconds since 1970.
  using Clock = std::function<std::int64_t()>;
  static std::int64_t now_ms();

  // `init_ms`: when the initialisation began, the time of init_start; empty: now. The file is opened by run_start:
  // anew, or to be appended to by a run that goes on, which first drops the lines after its checkpoint. Where a line
  // cannot be written, SystemError is thrown.
  explicit MlperfLog(std::string path, Clock clock = now_ms, std::optional<std::int64_t> init_ms = {});
  ~MlperfLog() override;

  void run_start(const RunStart& start) override;
  void step(const StepRecord& record) override;
  void evaluation_start(std::int64_t steps) override;
  void evaluation(const EvaluationRecord& record) override;
  // run_stop's status is "success" where the target was reached or, without a target, all steps were made; else
  // "aborted".
  void run_end(const RunResult& result) override;

 private:
  void write(const char* type, const char* key, const nlohmann::ordered_json& value,
             const nlohmann::ordered_json& metadata, std::int64_t time_ms);
  void event(const char* key, const nlohmann::ordered_json& value);
  void write_settings(const RunStart& start);
  void end_epoch();
  // What lines of an epoch or evaluation carry: epoch_num, and the steps made then, by which a log is cut.
  [[nodiscard]] static nlohmann::ordered_json about(std::int64_t epoch_num, std::int64_t steps);
  [[nodiscard]] std::int64_t samples(std::int64_t steps) const { return steps * batch_; }

  std::string path_;
  Clock clock_;
  std::int64_t init_ms_;
  std::unique_ptr<OutputFile> file_;
  std::int64_t last_ms_ = 0;
  std::int64_t batch_ = 1;  // samples a step
  std::int64_t steps_ = 0;  // the run is to make
  std::int64_t made_ = 0;   // so far
  std::int64_t every_ = 0;  // steps between evaluations; 0: one epoch
  double target_ = 0;
  std::int64_t epoch_num_ = 0;  // of the epoch under way; 0: none
  std::int64_t epoch_first_step_ = 0;
  std::int64_t epoch_start_ms_ = 0;
  double epoch_wait_s_ = 0;
};

}  // namespace foldperf::trainer

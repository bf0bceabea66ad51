// Makes a run's checkpoints while it trains.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "trainer/checkpoint/background_job.hpp"
#include "trainer/checkpoint/checkpoint_folder.hpp"
#include "trainer/checkpoint/run_state.hpp"
#include "trainer/checkpoint/state_copy.hpp"
#include "trainer/config/trainer_config.hpp"

namespace foldperf::trainer {

// The thread that trains only has the state copied (state_copy.hpp); a thread of its own writes it, makes it durable,
// and removes the checkpoints that are to go. At most one is being written: another that becomes due meanwhile is left
// out, so that a slow disk cannot slow down training; those at the end of a run and after an evaluation that is among
// the best wait. What a write fails of is told, and training goes on: the checkpoints before are still there.
//
// A copy is taken where the state is on the device, and written once the step's numbers are known:
//
//   after a step was submitted:    if (saver.is_due(steps)) saver.take(steps, progress);
//   when its numbers have come:    saver.write(counters);
//   after an evaluation:           saver.evaluated(counters, progress, lddt_ca);
//   at the end:                    saver.finish(counters, progress);
class CheckpointSaver {
 public:
  struct Options {
    CheckpointConfig config;
    std::filesystem::path run_folder;  // checkpoints go into checkpoints/ in it
    std::int64_t steps = 0;            // of the whole run
    std::int64_t first_step = 0;       // that this run begins with
    std::string configuration;         // TOML
    std::int64_t seed = 0;
    double ema_decay = 0;
    bool overwrite = false;                        // begin() removes the checkpoints that the folder has
    std::function<void(const std::string&)> note;  // told on the thread that trains
  };

  // `live`: the trainer's own tensors, which keep their memory. Throws UsageError where the folder has checkpoints of
  // more steps than the run begins with, which are another run's, and these are not to be overwritten.
  CheckpointSaver(Options options, TrainingTensors live);
  // Waits for the checkpoint that is being written.
  ~CheckpointSaver();

  // Removes what is not to stay in the folder. Once all else that could fail did not: it cannot be taken back.
  void begin();
  [[nodiscard]] bool is_due(std::int64_t steps) const;
  // Copies the state after so many steps, which have trained on the samples of `data`. Tells it where a checkpoint is
  // left out.
  void take(std::int64_t steps, const QueueProgress& data);
  // Of the copy that was taken last, if it was not written yet and its steps are counted now.
  void write(const RunCounters& counters);
  // Keeps the state if it is among the best. No step is under way. NaN: there was nothing to compare.
  void evaluated(const RunCounters& counters, const QueueProgress& data, double lddt_ca);
  // Writes the state as it is, where that is wanted and not done, and waits. Throws SystemError.
  void finish(const RunCounters& counters, const QueueProgress& data);
  // Tells of a checkpoint that could not be written. To be called now and then.
  void report();

  // File of metrics to make durable before a checkpoint that counts its lines is there.
  void set_metrics(std::string path) { metrics_ = std::move(path); }

 private:
  void start_writing(RunCounters counters);
  // Whether this run has a checkpoint after so many steps; none is being written.
  [[nodiscard]] bool is_there(std::int64_t steps) const;
  void copy(std::int64_t steps, const QueueProgress& data);
  [[nodiscard]] Retention retention() const;

  Options options_;
  CheckpointFolder folder_;
  TrainingTensors live_;
  std::optional<StateCopy> copy_;  // on a device made at once: pinning takes time. On the CPU at the first checkpoint
  std::string metrics_;
  RunState taken_;          // what belongs to the copy; its tensors are copy_'s
  bool is_taken_ = false;   // and not yet handed over
  std::int64_t last_ = -1;  // steps of the checkpoint that was handed over last
  std::int64_t evaluated_after_ = -1;
  double lddt_ca_ = 0;
  std::int64_t left_out_ = 0;  // because another was being written
  BackgroundJob writer_;       // last: it uses the others
};

// Throws UsageError, with what to do, where the folder has checkpoints of more than `first_step` steps.
void refuse_later_checkpoints(const std::filesystem::path& run_folder, std::int64_t first_step);

// The folder of a run's checkpoints in its output folder.
std::filesystem::path checkpoints_of(const std::filesystem::path& run_folder);

}  // namespace foldperf::trainer

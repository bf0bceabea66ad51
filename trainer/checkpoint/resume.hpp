// From which checkpoint a run goes on.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trainer/checkpoint/run_state.hpp"

namespace foldperf::trainer {

struct ResumePoint {
  RunState state;
  std::string file;                  // the checkpoint
  std::filesystem::path run_folder;  // the output folder of the run that it is in; empty: it lies elsewhere
  // Mean lDDT-Ca (0 to 1) of the evaluation after its last step; empty: there was none, or it is not known. May be NaN.
  std::optional<double> lddt_ca;
  std::vector<std::filesystem::path> damaged;  // newer ones beside it that are not whole
};

// `path`: a checkpoint; or the output folder of a run, or its folder of checkpoints, of which it is the newest that is
// whole. A damaged newer one is told to `note`; a file given by name must be whole. Where a file beside it says that
// the evaluation after its last step was finished the state counts it (evaluated_after). Changes nothing on disk.
// Empty: the folder has no checkpoint, or is not there. Throws InputError where all are damaged; SystemError where the
// system refuses to read one, and LaterFormat: that does not make the one before the newest.
std::optional<ResumePoint> find_resume_point(const std::string& path,
                                             const std::function<void(const std::string&)>& note);

// Gives the damaged ones the ending ".damaged", so that a run that goes on can write checkpoints of their steps. Throws
// SystemError.
void set_damaged_aside(const ResumePoint& point);

// Copies the state's tensors into a trainer's own. Throws InputError naming what does not fit, and `changes`
// (configuration_changes) that could be the reason; nothing is changed then.
void restore_tensors(const ResumePoint& point, const TrainingTensors& live, const std::vector<std::string>& changes);

}  // namespace foldperf::trainer

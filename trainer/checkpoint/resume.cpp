#include "trainer/checkpoint/resume.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/checkpoint_folder.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/checkpoint/model_weights.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

ResumePoint read_point(const fs::path& file) {
  ResumePoint point;
  point.state = read_checkpoint(file.string());
  point.file = file.string();
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  if (folder.filename() == "checkpoints") point.run_folder = folder.parent_path();
  // Written after the evaluation, which comes after the checkpoint.
  const CheckpointFolder checkpoints(folder);
  const std::int64_t steps = point.state.counters.steps;
  if (checkpoints.file(steps) == folder / file.filename()) {
    const auto evaluations = checkpoints.evaluations();
    if (const auto found = evaluations.find(steps); found != evaluations.end()) {
      point.state.counters.evaluated_after = steps;
      point.lddt_ca = found->second;
    }
  }
  return point;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const std::string& path,
                                             const std::function<void(const std::string&)>& note) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return std::nullopt;
  if (!fs::is_directory(status)) return read_point(path);
  std::vector<StoredCheckpoint> all = CheckpointFolder(checkpoints_of(path)).all();
  if (all.empty()) all = CheckpointFolder(path).all();
  std::vector<fs::path> damaged;
  for (const StoredCheckpoint& checkpoint : all) {
    try {
      ResumePoint point = read_point(checkpoint.path);
      point.damaged = std::move(damaged);
      return point;
    } catch (const InputError& failure) {
      note(std::string(failure.what()) + "; the checkpoint before is taken");
      damaged.push_back(checkpoint.path);
    }
  }
  if (damaged.empty()) return std::nullopt;
  throw InputError(path, "none of its " + std::to_string(damaged.size()) + " checkpoints is whole");
}

void set_damaged_aside(const ResumePoint& point) {
  std::error_code error;
  for (const fs::path& file : point.damaged) {
    fs::rename(file, file.string() + ".damaged", error);
    if (error) throw SystemError(file.string() + ": cannot be renamed: " + error.message());
  }
}

void restore_tensors(const ResumePoint& point, const TrainingTensors& live, const std::vector<std::string>& changes) {
  const TrainingTensors& saved = point.state.tensors;
  std::string reason;
  for (const std::string& change : changes) {
    if (change.starts_with("model.") || change.starts_with("globals.")) reason += "\n  " + change;
  }
  if (!reason.empty()) reason = "\nSettings of the model that differ from the checkpoint's:" + reason;
  const auto fit = [&](const TensorDict& from, const TensorDict& to, const char* part) {
    try {
      return fitted_weights(from, to, point.file + " (" + part + ")");
    } catch (const InputError& error) {
      throw Error(error.what() + reason, error.code());
    }
  };
  const TensorDict model = fit(saved.model, live.model, "weights");
  const TensorDict average = fit(saved.average, live.average, "moving average");
  const TensorDict optimizer = fit(saved.optimizer, live.optimizer, "optimiser");
  const at::NoGradGuard no_grad;
  const auto copy = [](const TensorDict& from, const TensorDict& to) {
    for (const auto& [name, tensor] : to) tensor.detach().copy_(from.at(name));
  };
  copy(model, live.model);
  copy(average, live.average);
  copy(optimizer, live.optimizer);
}

}  // namespace foldperf::trainer

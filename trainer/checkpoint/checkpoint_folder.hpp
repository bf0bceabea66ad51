// The folder of a run's checkpoints: step-000001000.pt for each, and evaluations.json with the mean lDDT-Ca (0 to 1;
// null where there was nothing to compare) of those that were evaluated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace foldperf::trainer {

struct StoredCheckpoint {
  std::int64_t steps = 0;
  std::filesystem::path path;
};

// Which checkpoints stay.
struct Retention {
  std::int64_t keep_last = 3;  // those of most steps
  std::int64_t keep_best = 1;  // and those of highest lDDT-Ca; of equals the later ones
};

class CheckpointFolder {
 public:
  // The folder need not exist.
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  // Where the checkpoint after so many steps belongs.
  [[nodiscard]] std::filesystem::path file(std::int64_t steps) const;
  // Those that are there, of most steps first. Throws SystemError where the folder cannot be read.
  [[nodiscard]] std::vector<StoredCheckpoint> all() const;

  // Throws SystemError.
  void create() const;
  // What a killed run had half written. Throws SystemError.
  void remove_partial() const;
  // Writes down the mean lDDT-Ca of the checkpoint after so many steps, which is there or about to be written; NaN
  // where there was nothing to compare. Throws SystemError.
  void note_evaluation(std::int64_t steps, double lddt_ca) const;
  // Takes that away again: a checkpoint is about to be written that was not evaluated. Throws SystemError.
  void forget_evaluation(std::int64_t steps) const;
  // lDDT-Ca by steps, of the checkpoints that are there. An unreadable evaluations.json is none.
  [[nodiscard]] std::map<std::int64_t, double> evaluations() const;
  // Whether a checkpoint of that lDDT-Ca would be among the best.
  [[nodiscard]] bool would_be_best(double lddt_ca, const Retention& retention) const;
  // Removes the checkpoints that are to go. Throws SystemError where one cannot be removed.
  void retain(const Retention& retention) const;
  // Removes all checkpoints, and what was written down about them. Throws SystemError.
  void clear() const;

 private:
  [[nodiscard]] std::map<std::int64_t, double> written_down() const;
  void write_down(const std::map<std::int64_t, double>& evaluations) const;

  std::filesystem::path folder_;
};

}  // namespace foldperf::trainer

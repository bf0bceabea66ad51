#include "trainer/checkpoint/checkpoint_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "trainer/checkpoint/atomic_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::string_view name_start = "step-", name_end = ".pt";
constexpr const char* evaluations_name = "evaluations.json";

std::optional<std::int64_t> steps_of(const std::string& name) {
  if (!name.starts_with(name_start) || !name.ends_with(name_end) ||
      name.size() <= name_start.size() + name_end.size()) {
    return std::nullopt;
  }
  const char* const first = name.data() + name_start.size();
  const char* const last = name.data() + name.size() - name_end.size();
  std::int64_t steps = 0;
  const auto [end, error] = std::from_chars(first, last, steps);
  if (error != std::errc() || end != last || steps < 0) return std::nullopt;
  return steps;
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw SystemError(path.string() + ": cannot be removed: " + error.message());
}

template <typename Use>
void for_each_name(const fs::path& folder, const Use& use) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) use(*entry);
  if (error) throw SystemError(folder.string() + ": cannot be read: " + error.message());
}

}  // namespace

fs::path CheckpointFolder::file(std::int64_t steps) const {
  char name[64];
  std::snprintf(name, sizeof name, "step-%09lld.pt", static_cast<long long>(steps));
  return folder_ / name;
}

std::vector<StoredCheckpoint> CheckpointFolder::all() const {
  std::vector<StoredCheckpoint> found;
  for_each_name(folder_, [&](const fs::directory_entry& entry) {
    if (const auto steps = steps_of(entry.path().filename().string())) found.push_back({*steps, entry.path()});
  });
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.steps > b.steps; });
  return found;
}

void CheckpointFolder::create() const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw SystemError(folder_.string() + ": the folder cannot be made: " + error.message());
}

void CheckpointFolder::remove_partial() const {
  std::vector<fs::path> partial;
  for_each_name(folder_, [&](const fs::directory_entry& entry) {
    if (entry.path().extension() == AtomicFile::suffix) partial.push_back(entry.path());
  });
  for (const fs::path& path : partial) remove_file(path);
}

std::map<std::int64_t, double> CheckpointFolder::written_down() const {
  std::map<std::int64_t, double> result;
  std::ifstream file(folder_ / evaluations_name);
  const json content = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!content.is_array()) return result;
  for (const json& entry : content) {
    if (!entry.is_object() || !entry.contains("steps") || !entry.contains("lddt_ca")) continue;
    const json &steps = entry["steps"], &lddt_ca = entry["lddt_ca"];
    if (!steps.is_number_integer() || !(lddt_ca.is_number() || lddt_ca.is_null())) continue;
    result[steps.get<std::int64_t>()] = lddt_ca.is_null() ? std::nan("") : lddt_ca.get<double>();
  }
  return result;
}

std::map<std::int64_t, double> CheckpointFolder::evaluations() const {
  std::set<std::int64_t> there;
  for (const StoredCheckpoint& checkpoint : all()) there.insert(checkpoint.steps);
  std::map<std::int64_t, double> result = written_down();
  std::erase_if(result, [&](const auto& entry) { return !there.contains(entry.first); });
  return result;
}

// Checkpoints that are gone are forgotten with the next change, and not when they go: a run that is killed between the
// two would have forgotten one that is still there.
void CheckpointFolder::note_evaluation(std::int64_t steps, double lddt_ca) const {
  std::map<std::int64_t, double> known = evaluations();
  known[steps] = lddt_ca;
  write_down(known);
}

void CheckpointFolder::forget_evaluation(std::int64_t steps) const {
  if (!written_down().contains(steps)) return;
  std::map<std::int64_t, double> known = evaluations();
  known.erase(steps);
  write_down(known);
}

void CheckpointFolder::write_down(const std::map<std::int64_t, double>& evaluations) const {
  json content = json::array();
  // What is not finite becomes null.
  for (const auto& [made, value] : evaluations) content.push_back({{"steps", made}, {"lddt_ca", value}});
  AtomicFile out((folder_ / evaluations_name).string());
  out.bytes().write(content.dump(1) + "\n");
  out.commit();
}

namespace {

// The best `count`, best first; of equals the later.
std::vector<std::pair<double, std::int64_t>> best_of(const std::map<std::int64_t, double>& evaluations,
                                                     std::int64_t count) {
  std::vector<std::pair<double, std::int64_t>> order;
  for (const auto& [steps, lddt_ca] : evaluations) {
    if (std::isfinite(lddt_ca)) order.emplace_back(lddt_ca, steps);
  }
  std::sort(order.rbegin(), order.rend());
  if (order.size() > static_cast<std::size_t>(count)) order.resize(static_cast<std::size_t>(count));
  return order;
}

}  // namespace

bool CheckpointFolder::would_be_best(double lddt_ca, const Retention& retention) const {
  if (retention.keep_best <= 0 || !std::isfinite(lddt_ca)) return false;
  const auto best = best_of(evaluations(), retention.keep_best);
  return best.size() < static_cast<std::size_t>(retention.keep_best) || lddt_ca >= best.back().first;
}

void CheckpointFolder::retain(const Retention& retention) const {
  std::set<std::int64_t> best;
  for (const auto& [lddt_ca, steps] : best_of(evaluations(), retention.keep_best)) best.insert(steps);
  std::int64_t newer = 0;
  for (const StoredCheckpoint& checkpoint : all()) {
    if (newer++ < retention.keep_last || best.contains(checkpoint.steps)) continue;
    remove_file(checkpoint.path);
  }
}

void CheckpointFolder::clear() const {
  for (const StoredCheckpoint& checkpoint : all()) remove_file(checkpoint.path);
  remove_file(folder_ / evaluations_name);
}

}  // namespace foldperf::trainer

#include "trainer/plan/fitting_settings.hpp"

#include <functional>

#include "trainer/plan/memory_plan.hpp"

namespace foldperf::trainer {

namespace {

class Search {
 public:
  Search(const TrainerConfig& config, std::int64_t bytes) : config_(config), bytes_(bytes) {}

  // Notes the setting where it fits.
  bool attempt(const std::string& setting, const std::function<void(TrainerConfig&)>& change) {
    TrainerConfig changed = config_;
    change(changed);
    const std::int64_t needed = step_memory(changed).needed();
    if (needed > bytes_) return false;
    found.push_back({setting, needed});
    return true;
  }

  std::vector<FittingSetting> found;

 private:
  const TrainerConfig& config_;
  std::int64_t bytes_;
};

void recompute_all(TrainerConfig& config) {
  config.model.blocks_per_checkpoint = 1;
  config.model.blocks_kept = 0;
}

std::string set(const std::string& key, std::int64_t value) { return "--set " + key + "=" + std::to_string(value); }

}  // namespace

std::vector<FittingSetting> settings_that_fit(const TrainerConfig& given, std::int64_t bytes) {
  const TrainerConfig config = planned_config(given);
  Search search(config, bytes);
  std::string recompute;
  if (config.model.blocks_per_checkpoint != 1 || config.model.blocks_kept > 0) {
    recompute = set("model.blocks_per_checkpoint", 1) + " " + set("model.blocks_kept", 0) + " ";
    if (search.attempt(recompute.substr(0, recompute.size() - 1), recompute_all)) {
      // So much is free that part of the blocks may keep theirs.
      const auto gib = static_cast<std::int64_t>(to_gib(bytes));
      if (gib > 0) search.found.front().setting += ", or part of it with --set train.memory=" + std::to_string(gib);
      return search.found;
    }
  }
  const auto with = [&](const std::string& setting, const std::function<void(TrainerConfig&)>& change) {
    return search.attempt(recompute + setting, [&change](TrainerConfig& changed) {
      recompute_all(changed);
      change(changed);
    });
  };
  if (config.train.cuda_graphs) {
    with("--set train.cuda_graphs=false", [](TrainerConfig& changed) { changed.train.cuda_graphs = false; });
  }
  if (config.train.precision != "bf16") {
    with("--set train.precision=bf16", [](TrainerConfig& changed) { changed.train.precision = "bf16"; });
  }
  for (std::int64_t size = config.train.batch_size / 2; size >= 1; size /= 2) {
    if (with(set("train.batch_size", size), [size](TrainerConfig& changed) { changed.train.batch_size = size; })) break;
  }
  constexpr std::int64_t crop_step = 32;
  for (std::int64_t crop = (config.data.train.crop_size - 1) / crop_step * crop_step; crop > 0; crop -= crop_step) {
    if (with(set("data.train.crop_size", crop),
             [crop](TrainerConfig& changed) { changed.data.train.crop_size = crop; })) {
      break;
    }
  }
  for (std::int64_t rows = config.data.train.max_extra_msa / 2; rows >= 64; rows /= 2) {
    if (with(set("data.train.max_extra_msa", rows),
             [rows](TrainerConfig& changed) { changed.data.train.max_extra_msa = rows; })) {
      break;
    }
  }
  return search.found;
}

std::string advice(const std::vector<FittingSetting>& settings) {
  if (settings.empty()) {
    return "; no crop, batch or number of extra sequences makes it fit: it takes a device with more memory or a "
           "smaller "
           "model";
  }
  std::string text = "; it would fit with ";
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (i > 0) text += i + 1 == settings.size() ? ", or with " : ", with ";
    text += settings[i].setting + " (" + gib_text(settings[i].needed) + ")";
  }
  return text;
}

}  // namespace foldperf::trainer

#include "trainer/checkpoint/weights_file.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "trainer/checkpoint/archive_tensors.hpp"
#include "trainer/checkpoint/openfold_names.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

bool holds_tensors(const PickleDictionary& dictionary) {
  return std::any_of(dictionary.entries.begin(), dictionary.entries.end(), [](const auto& entry) {
    return entry.first->template as<std::string>() != nullptr && entry.second->template as<PickleTensor>() != nullptr;
  });
}

// The dictionary under a dotted name, if it is there and has tensors.
const PickleDictionary* section_of(const PickleDictionary& root, const std::vector<std::string>& names) {
  const PickleDictionary* dictionary = &root;
  for (const std::string& name : names) {
    const PickleValue* value = dictionary->find(name);
    dictionary = value != nullptr ? value->as<PickleDictionary>() : nullptr;
    if (dictionary == nullptr) return nullptr;
  }
  return holds_tensors(*dictionary) ? dictionary : nullptr;
}

std::string words(const std::vector<std::string>& names, const char* separator) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : separator) + name;
  return text;
}

// What a file holds, for a person who gave the wrong one.
std::string contents(const PickleDictionary& root) {
  std::string text;
  std::size_t named = 0;
  for (const auto& [key, value] : root.entries) {
    const auto* name = key->as<std::string>();
    if (name == nullptr) continue;
    if (++named > 6) return text + ", ...";
    text += (text.empty() ? "'" : ", '") + name->substr(0, 60) + "' (" + value->kind() + ")";
  }
  return text.empty() ? "nothing with a name" : text;
}

std::string model_states(const fs::path& folder) {
  const fs::path latest = folder / "latest";
  fs::path states = folder;
  if (fs::exists(latest)) {
    std::ifstream file(latest);
    std::string tag;
    file >> tag;
    if (tag.empty() || tag.find('/') != tag.npos) throw InputError(latest.string(), "names no folder beside it");
    states = folder / tag;
  }
  std::error_code error;
  std::vector<fs::path> found;
  bool is_stage_3 = false;
  for (const fs::directory_entry& entry : fs::directory_iterator(states, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_model_states.pt")) continue;
    is_stage_3 = is_stage_3 || name.starts_with("zero_pp_rank");
    found.push_back(entry.path());
  }
  if (error) throw InputError(states.string(), "cannot be read: " + error.message());
  if (is_stage_3) {
    throw InputError(states.string(),
                     "is a checkpoint of ZeRO stage 3, whose weights lie in pieces; join them with DeepSpeed's own "
                     "zero_to_fp32.py and give the file that it writes");
  }
  if (found.size() != 1) {
    throw InputError(folder.string(),
                     "is a folder with neither weights.pt nor one mp_rank_00_model_states.pt of DeepSpeed; give the "
                     "file of the weights");
  }
  return found.front().string();
}

}  // namespace

LoadedWeights load_weights(const TorchArchive& archive, WantedWeights wanted) {
  const std::string& path = archive.path();
  const auto* root = archive.root().as<PickleDictionary>();
  if (root == nullptr) throw InputError(path, "holds no weights, but " + archive.root().kind());
  const PickleDictionary* found = nullptr;
  LoadedWeights result;
  result.path = path;
  for (const std::vector<std::string>& names : std::vector<std::vector<std::string>>{
           {"ema", "params"}, {"module"}, {"state_dict"}, {"model_state_dict"}, {"model"}}) {
    if (wanted == WantedWeights::raw && names.front() == "ema") continue;
    found = section_of(*root, names);
    result.section = words(names, ".");
    if (found != nullptr) break;
  }
  if (found == nullptr) {
    result.section.clear();
    found = root;
    if (!holds_tensors(*root)) throw InputError(path, "holds no weights; it holds " + contents(*root));
  }

  ArchiveTensors tensors(archive);
  for (const auto& [key, value] : found->entries) {
    const auto* name = key->as<std::string>();
    if (name == nullptr) continue;
    const std::string bare(without_wrappers(*name));
    if (const auto* tensor = value->as<PickleTensor>()) {
      if (result.tensors.contains(bare)) throw InputError(path, "has two weights for '" + bare + "'");
      at::Tensor weight = tensors.read(*tensor, *name);
      if (!at::isFloatingType(weight.scalar_type())) continue;  // a counter or a table, no weight
      result.tensors[bare] = weight.to(at::kFloat);
    } else if (const auto* object = value->as<PickleObject>(); object != nullptr && object->type == "torch.Tensor") {
      throw InputError(path, "weight '" + *name + "' is of a form that this program does not read");
    }
  }
  if (result.tensors.empty()) throw InputError(path, "holds no weights: its tensors are whole numbers");
  return result;
}

LoadedWeights load_weights(const std::string& path, WantedWeights wanted) {
  std::string file = path;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const fs::path own = fs::path(path) / (wanted == WantedWeights::raw ? "weights_raw.pt" : "weights.pt");
    file = fs::exists(own) ? own.string() : model_states(path);
  }
  return load_weights(TorchArchive(file), wanted);
}

}  // namespace foldperf::trainer

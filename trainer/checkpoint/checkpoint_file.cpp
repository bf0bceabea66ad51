#include "trainer/checkpoint/checkpoint_file.hpp"

#include <ATen/ATen.h>

#include "core/error.hpp"
#include "trainer/checkpoint/archive_tensors.hpp"
#include "trainer/checkpoint/torch_file_writer.hpp"

namespace foldperf::trainer {

namespace {

constexpr const char* format_name = "foldperf checkpoint";

// Where train_openfold.py looks for weights, names are those of its Lightning module.
const std::string lightning_prefix = "model.";

// The parts of the optimiser's state, a dictionary each in the file.
constexpr const char* optimizer_parts[] = {"exp_avg", "exp_avg_sq", "step"};

class Fields {
 public:
  Fields(const PickleDictionary& dictionary, std::string name, const std::string& path)
      : dictionary_(dictionary), name_(std::move(name)), path_(path) {}

  [[nodiscard]] std::int64_t whole(const char* key) const { return get<std::int64_t>(key); }
  [[nodiscard]] double real(const char* key) const { return get<double>(key); }
  [[nodiscard]] const std::string& text(const char* key) const { return get<std::string>(key); }
  [[nodiscard]] Fields fields(const char* key) const { return {get<PickleDictionary>(key), name_ + key + ".", path_}; }
  [[nodiscard]] const PickleTensor& tensor(const char* key) const { return get<PickleTensor>(key); }
  [[nodiscard]] const PickleDictionary& dictionary() const { return dictionary_; }

  // The dictionary's tensors, each name without `prefix`.
  [[nodiscard]] TensorDict tensors(ArchiveTensors& archive, const std::string& prefix = {}) const {
    TensorDict result;
    for (const auto& [key, value] : dictionary_.entries) {
      const auto* name = key->as<std::string>();
      const auto* tensor = value->as<PickleTensor>();
      if (name == nullptr || tensor == nullptr || !name->starts_with(prefix)) {
        throw InputError(path_, "is damaged: '" + name_ + "' holds " + value->kind());
      }
      result[name->substr(prefix.size())] = archive.read(*tensor, name_ + *name);
    }
    return result;
  }

 private:
  template <typename T>
  const T& get(const char* key) const {
    const PickleValue* value = dictionary_.find(key);
    if (value == nullptr) throw InputError(path_, "is damaged: it has no '" + name_ + key + "'");
    const T* content = value->as<T>();
    if (content == nullptr) throw InputError(path_, "is damaged: '" + name_ + key + "' is " + value->kind());
    return *content;
  }

  const PickleDictionary& dictionary_;
  std::string name_;
  const std::string& path_;
};

TensorDict part_of(const TensorDict& state, const std::string& part) {
  TensorDict result;
  const std::string prefix = part + ".";
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) result[name.substr(prefix.size())] = tensor;
  }
  return result;
}

}  // namespace

void write_checkpoint(const std::string& path, const RunState& state) {
  TorchFileWriter file;
  file.text("format", format_name);
  file.whole("format_version", checkpoint_format_version);
  file.whole("global_step", state.counters.steps);
  file.tensors("state_dict", state.tensors.model, lightning_prefix);
  file.begin_dictionary("ema");
  file.tensors("params", state.tensors.average);
  file.real("decay", state.ema_decay);
  file.end_dictionary();
  file.begin_dictionary("optimizer");
  for (const char* part : optimizer_parts) file.tensors(part, part_of(state.tensors.optimizer, part));
  file.end_dictionary();
  file.begin_dictionary("lr_scheduler");
  file.whole("last_epoch", state.counters.steps);  // PyTorch's name: steps, where a scheduler is asked at each
  file.end_dictionary();
  file.begin_dictionary("data");
  file.whole("next_turn", state.data.next_turn);
  file.tensor("ahead", at::tensor(state.data.ahead, at::kLong));
  file.end_dictionary();
  file.begin_dictionary("random");
  file.whole("seed", state.seed);
  file.whole("step", state.counters.steps);
  file.end_dictionary();
  file.begin_dictionary("counters");
  file.whole("skipped_steps", state.counters.skipped_steps);
  file.whole("skipped_in_a_row", state.counters.skipped_in_a_row);
  file.whole("evaluated_after", state.counters.evaluated_after);
  file.begin_dictionary("nonfinite_terms");
  for (const auto& [name, count] : state.counters.nonfinite_terms) file.whole(name, count);
  file.end_dictionary();
  file.end_dictionary();
  file.text("configuration", state.configuration);
  file.write(path);
}

RunState read_checkpoint(const std::string& path) {
  const TorchArchive archive(path);
  const auto* root = archive.root().as<PickleDictionary>();
  const PickleValue* format = root != nullptr ? root->find("format") : nullptr;
  if (format == nullptr || format->as<std::string>() == nullptr || *format->as<std::string>() != format_name) {
    throw InputError(path,
                     "is no checkpoint of foldperf-train; to begin with its weights, give it as train.initial_weights");
  }
  const Fields fields(*root, "", path);
  const std::int64_t version = fields.whole("format_version");
  if (version > checkpoint_format_version) {
    throw LaterFormat(path + ": is a checkpoint of format " + std::to_string(version) + "; this program reads up to " +
                      std::to_string(checkpoint_format_version) + ": use the version that wrote it, or later");
  }
  if (version < 1) throw InputError(path, "is damaged: its format is " + std::to_string(version));
  ArchiveTensors tensors(archive);
  RunState state;
  state.counters.steps = fields.whole("global_step");
  state.tensors.model = fields.fields("state_dict").tensors(tensors, lightning_prefix);
  state.tensors.average = fields.fields("ema").fields("params").tensors(tensors);
  state.ema_decay = fields.fields("ema").real("decay");
  for (const std::string part : optimizer_parts) {
    for (auto& [name, tensor] : fields.fields("optimizer").fields(part.c_str()).tensors(tensors)) {
      state.tensors.optimizer[part + "." + name] = tensor;
    }
  }
  const Fields data = fields.fields("data");
  state.data.next_turn = data.whole("next_turn");
  const at::Tensor ahead = tensors.read(data.tensor("ahead"), "data.ahead").to(at::kLong).contiguous();
  state.data.ahead.assign(ahead.const_data_ptr<std::int64_t>(), ahead.const_data_ptr<std::int64_t>() + ahead.numel());
  state.seed = fields.fields("random").whole("seed");
  const Fields counters = fields.fields("counters");
  state.counters.skipped_steps = counters.whole("skipped_steps");
  state.counters.skipped_in_a_row = counters.whole("skipped_in_a_row");
  state.counters.evaluated_after = counters.whole("evaluated_after");
  const Fields terms = counters.fields("nonfinite_terms");
  for (const auto& [key, value] : terms.dictionary().entries) {
    if (const auto* name = key->as<std::string>()) {
      state.counters.nonfinite_terms[*name] = terms.whole(name->c_str());
    }
  }
  state.configuration = fields.text("configuration");
  if (state.counters.steps < 0 || state.data.next_turn < 0) throw InputError(path, "is damaged: it counts below 0");
  return state;
}

}  // namespace foldperf::trainer

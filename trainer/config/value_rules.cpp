#include "trainer/config/value_rules.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace foldperf::trainer {

using nlohmann::json;

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

// The first rule whose pattern fits a key holds. A pattern is a whole key, or ".name" for a key's last part.
struct Range {
  std::string_view pattern;
  double least;
  double most;
};
constexpr std::array ranges{
    Range{"globals.seed", 0, unlimited},
    Range{".seed", 0, unlimited},
    Range{"optimizer.beta_1", 0, 0.9999999},
    Range{"optimizer.beta_2", 0, 0.9999999},
    Range{"optimizer.eps", 1e-30, 1},
    Range{"schedule.base_lr", 0, 1000},
    Range{"schedule.max_lr", 0, 1000},
    Range{"schedule.warmup_no_steps", 0, unlimited},
    Range{"schedule.start_decay_after_n_steps", 0, unlimited},
    Range{"schedule.decay_every_n_steps", 1, unlimited},
    Range{"schedule.decay_factor", 0, 1},
    Range{"clip.max_norm", 0, unlimited},
    Range{"ema.decay", 0, 1},
    Range{"train.steps", 1, unlimited},
    Range{"train.evaluate_every", 0, unlimited},
    Range{"train.log_every", 1, unlimited},
    Range{"train.batch_size", 1, 4096},
    Range{"train.accumulate_grad_batches", 1, 1000000},
    Range{"train.threads", 0, 4096},
    Range{"train.max_nonfinite_steps", 1, unlimited},
    Range{"train.target_lddt_ca", 0, 1},
    Range{"checkpoint.every_steps", 0, unlimited},
    Range{"checkpoint.keep_last", 1, 1000000},
    Range{"checkpoint.keep_best", 0, 1000000},
    Range{".dropout_rate", 0, 0.9999999},
    Range{".msa_dropout", 0, 0.9999999},
    Range{".pair_dropout", 0, 0.9999999},
    Range{".blocks_per_checkpoint", 0, unlimited},
    Range{".blocks_kept", 0, unlimited},
    Range{".inference_slice_mib", 0, 1'000'000'000},
    Range{".no_transition_layers", 0, 1000},
    Range{".no_resnet_blocks", 0, 1000},
    Range{".weight", 0, unlimited},
};

struct Choice {
  std::string_view key;
  std::vector<std::string> values;
};
const std::vector<Choice>& choices() {
  static const std::vector<Choice> all{
      {"data.loader.order", {"ready_first", "strict"}},
      {"train.device", {"auto", "cpu", "cuda"}},
      {"train.precision", {"auto", "float32", "tf32", "bf16"}},
      {"profile.ranges", {"auto", "on", "off"}},
  };
  return all;
}

bool fits(std::string_view pattern, std::string_view key) {
  if (pattern.front() != '.') return pattern == key;
  return key.size() > pattern.size() && key.substr(key.size() - pattern.size()) == pattern;
}

// Widths, heads, bins and blocks of the model: at least one of each.
bool is_model_size(std::string_view key) {
  if (key.rfind("model.", 0) != 0 && key.rfind("globals.c_", 0) != 0) return false;
  const std::string_view name = key.substr(key.rfind('.') + 1);
  return name.rfind("c_", 0) == 0 || name.rfind("no_", 0) == 0 || name.ends_with("_n") || name.ends_with("_dim") ||
         name == "relpos_k";
}

std::string type_name(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return "true or false";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return "a whole number";
    case json::value_t::number_float:
      return "a number";
    case json::value_t::string:
      return "a text";
    case json::value_t::array:
      return "a list of texts";
    default:
      return "a value";
  }
}

std::string number_text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

[[noreturn]] void refuse(const std::string& where, const std::string& key, const std::string& expected,
                         const json& value) {
  throw UsageError(where + ": '" + key + "' must be " + expected + ", not " + value.dump());
}

void check_range(const std::string& key, const json& value, const std::string& where) {
  const double number = value.get<double>();
  if (std::isnan(number)) refuse(where, key, "a number", "nan");
  for (const Range& range : ranges) {
    if (!fits(range.pattern, key)) continue;
    if (number < range.least || number > range.most) {
      const std::string limits = std::isinf(range.most)
                                     ? "at least " + number_text(range.least)
                                     : "between " + number_text(range.least) + " and " + number_text(range.most);
      refuse(where, key, limits, value);
    }
    return;
  }
  if (is_model_size(key) && value.is_number_integer() && number < 1) refuse(where, key, "at least 1", value);
}

// train.memory: "off", "auto", or GiB as a number or a text.
json check_memory(const std::string& key, const json& value, const std::string& where) {
  const auto as_number = [](const json& text) {
    const std::string digits = text.get<std::string>();
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    return !digits.empty() && *end == '\0' ? number : 0;
  };
  if (value == "off" || value == "auto") return value;
  const double gib = value.is_number() ? value.get<double>() : value.is_string() ? as_number(value) : 0;
  if (!(gib > 0 && gib <= most_memory_gib)) refuse(where, key, "off, auto or a number of GiB above 0", value);
  return number_text(gib);
}

}  // namespace

json check_value(const std::string& key, const json& value, const json& reference, const std::string& where) {
  if (key == "train.memory") return check_memory(key, value, where);
  if (reference.is_number_float()) {
    if (!value.is_number()) refuse(where, key, type_name(reference), value);
    const json number = value.get<double>();
    check_range(key, number, where);
    return number;
  }
  if (reference.is_number_integer()) {
    if (!value.is_number_integer()) refuse(where, key, type_name(reference), value);
    check_range(key, value, where);
    return value;
  }
  if (reference.is_array()) {
    if (!value.is_array()) refuse(where, key, type_name(reference), value);
    for (const json& item : value) {
      if (!item.is_string()) refuse(where, key, type_name(reference), value);
    }
    return value;
  }
  if (reference.type() != value.type()) refuse(where, key, type_name(reference), value);
  for (const Choice& choice : choices()) {
    if (choice.key != key) continue;
    std::string names;
    for (const std::string& allowed : choice.values) {
      if (value == allowed) return value;
      names += (names.empty() ? "" : ", ") + allowed;
    }
    refuse(where, key, "one of " + names, value);
  }
  return value;
}

void check_tree(const json& tree) {
  const json& model = tree.at("model");
  const auto require = [](bool holds, const std::string& message) {
    if (!holds) throw UsageError(message);
  };
  require(!tree.at("loss").at("tm").at("enabled") || model.at("heads").at("tm").at("enabled"),
          "'loss.tm.enabled' needs 'model.heads.tm.enabled'");
  require(!model.at("template").at("enabled") || tree.at("data").at("common").at("use_templates"),
          "'model.template.enabled' needs 'data.common.use_templates'");
  for (const char* mode : {"train", "eval"}) {
    require(!model.at("extra_msa").at("enabled") || tree.at("data").at(mode).at("max_extra_msa") > 0,
            std::string("'model.extra_msa.enabled' needs 'data.") + mode + ".max_extra_msa' above 0");
  }
  const json& heads = model.at("heads");
  const json& loss = tree.at("loss");
  const auto same = [&](const char* head, const char* head_key, const char* term, const char* term_key) {
    require(heads.at(head).at(head_key) == loss.at(term).at(term_key),
            std::string("'model.heads.") + head + "." + head_key + "' and 'loss." + term + "." + term_key +
                "' differ: the loss compares the head's output with as many classes");
  };
  same("lddt", "no_bins", "plddt_loss", "no_bins");
  same("distogram", "no_bins", "distogram", "no_bins");
  same("masked_msa", "c_out", "masked_msa", "num_classes");
  if (heads.at("tm").at("enabled")) same("tm", "no_bins", "tm", "no_bins");

  // What the features are made of fixes the widths of what reads them.
  const bool clusters = tree.at("data").at("common").at("msa_cluster_features");
  require(model.at("input_embedder").at("msa_dim") == (clusters ? 49 : 25),
          std::string("'model.input_embedder.msa_dim' must be ") +
              (clusters ? "49 where 'data.common.msa_cluster_features' is true"
                        : "25 where 'data.common.msa_cluster_features' is false"));
  require(model.at("input_embedder").at("tf_dim") == 22, "'model.input_embedder.tf_dim' must be 22, the residue types");
  require(model.at("preembedding_embedder").at("tf_dim") == 22,
          "'model.preembedding_embedder.tf_dim' must be 22, the residue types");
  require(model.at("structure_module").at("no_angles") == 7,
          "'model.structure_module.no_angles' must be 7: omega, phi, psi and four chi angles");
}

}  // namespace foldperf::trainer

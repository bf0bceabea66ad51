#include "trainer/config/loss_config.hpp"

#include <concepts>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// One list of names per section serves reading and writing.
template <typename Visitor>
void visit(DistogramLossConfig& c, Visitor& field) {
  field("min_bin", c.min_bin);
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(ExperimentallyResolvedLossConfig& c, Visitor& field) {
  field("eps", c.eps);
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(BackboneFapeConfig& c, Visitor& field) {
  field("clamp_distance", c.clamp_distance);
  field("loss_unit_distance", c.loss_unit_distance);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(SidechainFapeConfig& c, Visitor& field) {
  field("clamp_distance", c.clamp_distance);
  field("length_scale", c.length_scale);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(FapeLossConfig& c, Visitor& field) {
  field("backbone", c.backbone);
  field("sidechain", c.sidechain);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(PlddtLossConfig& c, Visitor& field) {
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("cutoff", c.cutoff);
  field("no_bins", c.no_bins);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(MaskedMsaLossConfig& c, Visitor& field) {
  field("num_classes", c.num_classes);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(SupervisedChiLossConfig& c, Visitor& field) {
  field("chi_weight", c.chi_weight);
  field("angle_norm_weight", c.angle_norm_weight);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(ViolationLossConfig& c, Visitor& field) {
  field("violation_tolerance_factor", c.violation_tolerance_factor);
  field("clash_overlap_tolerance", c.clash_overlap_tolerance);
  field("average_clashes", c.average_clashes);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
void visit(TmLossConfig& c, Visitor& field) {
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("eps", c.eps);
  field("weight", c.weight);
  field("enabled", c.enabled);
}
template <typename Visitor>
void visit(LossConfig& c, Visitor& field) {
  field("distogram", c.distogram);
  field("experimentally_resolved", c.experimentally_resolved);
  field("fape", c.fape);
  field("plddt_loss", c.plddt_loss);
  field("masked_msa", c.masked_msa);
  field("supervised_chi", c.supervised_chi);
  field("violation", c.violation);
  field("tm", c.tm);
}

template <typename T>
constexpr bool is_leaf = std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, bool>;

class Reader {
 public:
  Reader(const nlohmann::json& tree, std::string path) : tree_(tree), path_(std::move(path)) {
    if (!tree.is_object()) throw UsageError(path_ + ": expected a section");
  }

  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    const auto found = tree_.find(name);
    if (found == tree_.end()) return;
    const std::string path = path_ + "." + name;
    if constexpr (is_leaf<T>) {
      const bool fits = std::same_as<T, bool>           ? found->is_boolean()
                        : std::same_as<T, std::int64_t> ? found->is_number_integer()
                                                        : found->is_number();
      if (!fits) throw UsageError(path + ": the value " + found->dump() + " has the wrong type");
      value = found->template get<T>();
    } else {
      Reader section(*found, path);
      visit(value, section);
      section.refuse_unknown();
    }
  }

  void accept(const char* name) { known_.insert(name); }
  void refuse_unknown() const {
    for (const auto& item : tree_.items()) {
      if (!known_.contains(item.key()))
        throw UsageError(path_ + "." + item.key() + ": no such key in the loss's configuration");
    }
  }

 private:
  const nlohmann::json& tree_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, T& value) {
    if constexpr (is_leaf<T>) {
      tree[name] = value;
    } else {
      Writer section;
      visit(value, section);
      tree[name] = std::move(section.tree);
    }
  }
  nlohmann::json tree = nlohmann::json::object();
};

}  // namespace

void set_fine_tuning_weights(LossConfig& config) {
  config.violation.weight = 1.0;
  config.experimentally_resolved.weight = 0.01;
}

void enable_tm_loss(LossConfig& config) {
  config.tm.enabled = true;
  config.tm.weight = 0.1;
}

LossConfig loss_config_from_json(const nlohmann::json& tree) {
  LossConfig config;
  Reader reader(tree, "loss");
  visit(config, reader);
  reader.accept("eps");                   // OpenFold's default for the eps of the sections, which have their own
  reader.accept("chain_center_of_mass");  // of multimers
  reader.refuse_unknown();
  if (const auto multimer = tree.find("chain_center_of_mass");
      multimer != tree.end() && multimer->is_object() && multimer->value("enabled", false)) {
    throw UsageError("loss.chain_center_of_mass.enabled: only multimers have this term, and they are not supported");
  }
  return config;
}

nlohmann::json to_json(const LossConfig& config) {
  LossConfig copy = config;
  Writer writer;
  visit(copy, writer);
  return writer.tree;
}

}  // namespace foldperf::trainer

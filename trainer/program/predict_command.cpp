#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/data/batch_loader.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/loop/stop_signal.hpp"
#include "trainer/memory/memory_errors.hpp"
#include "trainer/predict/predicted_structure.hpp"
#include "trainer/program/commands.hpp"
#include "trainer/program/loaded_model.hpp"
#include "trainer/program/output_path.hpp"
#include "trainer/program/prediction_output.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

std::vector<ChainSet> chains_to_predict(const DataConfig& config, const CommandLine& line) {
  if (!line.fasta.empty()) return {sequence_set(config, line.fasta)};
  if (!line.chains.empty()) return named_chains(config, line.chains);
  if (auto set = validation_set(config)) return {std::move(*set)};
  throw UsageError(
      "which chains? Name some, or sequences with --fasta; there is no validation set (data.source.val_data_dir, "
      "val_chains), and the training set is too large to be all predicted");
}

struct OutputNames {
  fs::path mmcif, pdb, json;
};
OutputNames names_in(const fs::path& folder, const std::string& chain) {
  return {folder / (chain + ".cif"), folder / (chain + ".pdb"), folder / (chain + ".json")};
}

std::string sequence_of(const TensorDict& raw) {
  const at::Tensor types = raw.at("aatype").argmax(-1).to(torch::kLong).contiguous();
  std::string sequence;
  for (std::int64_t i = 0; i < types.size(0); ++i)
    sequence.push_back(residue_letters[static_cast<std::size_t>(types.const_data_ptr<std::int64_t>()[i])]);
  return sequence;
}

std::vector<float> numbers_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kFloat).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// Numbers with as many decimals as a reader can use; not finite is null.
nlohmann::ordered_json rounded_list(const std::vector<float>& values, double per_unit) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const float value : values) {
    if (std::isfinite(value)) {
      list.push_back(std::round(static_cast<double>(value) * per_unit) / per_unit);
    } else {
      list.push_back(nullptr);
    }
  }
  return list;
}

// Predicts the chains of sets one after the other, and writes what is known of each as soon as it is.
class Predictions {
 public:
  Predictions(const DataConfig& data, bool quiet, fs::path folder, std::vector<ChainSet> sets, LoadedModel model)
      : data_(data), quiet_(quiet), folder_(std::move(folder)), model_(std::move(model)), sets_(std::move(sets)) {
    for (const ChainSet& set : sets_) {
      for (const ChainSource& chain : set.catalog.chains) names_.push_back(chain.name);
    }
    width_ = name_width(names_);
  }

  ExitCode run() {
    const StopSignal signal;
    if (!quiet_) {
      std::cerr << "foldperf-train: " << names_.size() << (names_.size() == 1 ? " chain " : " chains ")
                << model_.describe() << std::endl;
      std::cout << table_head(width_) << std::endl;
    }
    for (ChainSet& set : sets_) {
      if (StopSignal::requested()) break;
      open(std::move(set));
      for (std::size_t i = 0; i < chains().size() && !StopSignal::requested(); ++i) predict(i);
    }
    if (StopSignal::requested()) return ExitCode::interrupted;
    if (!quiet_) std::cout << "structures, confidence and scores in " << folder_.string() << std::endl;
    return worst_;
  }

 private:
  [[nodiscard]] const std::vector<ChainSource>& chains() const { return dataset_->set(0).catalog.chains; }

  // A loader of its own for each: of several sets in one it would draw samples.
  void open(ChainSet set) {
    std::vector<ChainSet> one;
    one.push_back(std::move(set));
    dataset_ = std::make_shared<const ChainDataset>(std::move(one), data_, DataMode::predict);
    loader_ = std::make_unique<BatchLoader>(dataset_, evaluation_loader_options(data_));
  }

  void predict(std::size_t index) {
    const auto start = std::chrono::steady_clock::now();
    const ChainSource& source = chains()[index];
    ChainMetrics scores;
    scores.chain = source.name;
    scores.length = source.length;
    try {
      const auto batch = loader_->next();
      if (!batch) throw Error("the loader ended before the last chain");
      const Prediction prediction =
          model_.predictor.predict(expand(batch->sample, model_.predictor.device()),
                                   [&](const std::string& note) { warn(source.name + ": " + note); });
      const std::shared_ptr<const ParsedChain> chain = dataset_->parsed(0, index);
      nlohmann::ordered_json about = describe(source, *chain, prediction);
      scores.length = static_cast<std::int64_t>(chain->sequence.size());
      compare(*chain, prediction, scores, about);
      scores.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      about["seconds"] = scores.seconds;
      write(source, structure_of(source, *chain, prediction), about);
      if (!quiet_) std::cout << table_line(scores, width_) << std::endl;
    } catch (const Error& error) {
      // The other chains are still to be had; a disk that is full is not.
      if (error.code() == ExitCode::system && dynamic_cast<const OutOfMemory*>(&error) == nullptr) throw;
      fail(scores, error);
    } catch (...) {
      if (!is_out_of_memory()) throw;
      fail(scores, chain_out_of_memory(model_.predictor.device()));
    }
    // At once: what ends the command later must not lose the scores of structures that are written.
    const fs::path table = folder_ / "predictions.tsv";
    write_file_whole(table, added_scores_tsv(table, {scores}));
  }

  void fail(ChainMetrics& scores, const Error& error) {
    scores.values.clear();
    scores.error = error.what();
    scores.code = error.code();
    worst_ = std::max(worst_, error.code());
    warn(scores.chain + ": " + scores.error);
  }

  [[nodiscard]] nlohmann::ordered_json describe(const ChainSource& source, const ParsedChain& chain,
                                                const Prediction& prediction) const {
    nlohmann::ordered_json about{{"chain", source.name},
                                 {"sequence", sequence_of(chain.raw)},
                                 {"alignment_depth", chain.alignment_depth},
                                 {"recycles", data_.common.max_recycling_iters},
                                 {"weights", model_.weights},
                                 {"precision", model_.precision},
                                 {"device", model_.predictor.device().str()}};
    if (!model_.section.empty()) about["weights_section"] = model_.section;
    if (prediction.ptm) about["ptm"] = *prediction.ptm;
    about["mean_plddt"] = prediction.plddt.mean().item<double>();
    about["plddt"] = rounded_list(numbers_of(prediction.plddt), 100);
    return about;
  }

  // Where the structure is known.
  static void compare(const ParsedChain& chain, const Prediction& prediction, ChainMetrics& scores,
                      nlohmann::ordered_json& about) {
    if (!chain.raw.contains("all_atom_positions")) {
      scores.values["plddt"] = prediction.plddt.mean().item<double>();
      return;
    }
    const at::Tensor &truth = chain.raw.at("all_atom_positions"), &mask = chain.raw.at("all_atom_mask");
    scores.values = score_chain(
        {{"final_atom_positions", prediction.positions.unsqueeze(0)}, {"plddt", prediction.plddt.unsqueeze(0)}},
        {{"all_atom_positions", truth.unsqueeze(0)}, {"all_atom_mask", mask.unsqueeze(0)}});
    nlohmann::ordered_json known = scores_json(scores);
    for (const char* name : {"chain", "residues", "plddt", "seconds"}) known.erase(name);
    known["resolved_ca"] = mask.select(-1, atom37::ca).sum().item<std::int64_t>();
    known["lddt_ca_by_residue"] = rounded_list(numbers_of(lddt_by_residue(prediction.positions, truth, mask)), 10'000);
    about["known_structure"] = std::move(known);
  }

  [[nodiscard]] PredictedStructure structure_of(const ChainSource& source, const ParsedChain& chain,
                                                const Prediction& prediction) const {
    PredictedStructure structure;
    structure.name = source.name;
    structure.chain = source.chain;
    structure.sequence = sequence_of(chain.raw);
    structure.atom_positions = numbers_of(prediction.positions);
    structure.atom_mask = numbers_of(prediction.mask);
    structure.plddt = numbers_of(prediction.plddt);
    structure.title =
        source.name + " predicted by foldperf with weights of " + fs::path(model_.weights).filename().string();
    return structure;
  }

  void write(const ChainSource& source, const PredictedStructure& structure, nlohmann::ordered_json& about) {
    const OutputNames names = names_in(folder_, source.name);
    write_file_whole(names.mmcif, mmcif_text(structure));
    if (const std::string reason = beyond_pdb(structure); !reason.empty()) {
      warn(source.name + ": no PDB file: " + reason + "; the mmCIF file has them all");
    } else {
      write_file_whole(names.pdb, pdb_text(structure));
      about["pdb_chain"] = pdb_chain(structure);
    }
    write_file_whole(names.json, about.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  }

  static void warn(const std::string& text) { std::cerr << "foldperf-train: " << text << std::endl; }

  const DataConfig& data_;
  bool quiet_;
  fs::path folder_;
  LoadedModel model_;
  std::vector<ChainSet> sets_;
  std::shared_ptr<const ChainDataset> dataset_;
  std::unique_ptr<BatchLoader> loader_;
  std::vector<std::string> names_;
  std::size_t width_ = 0;
  ExitCode worst_ = ExitCode::success;
};

}  // namespace

ExitCode predict_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  if (config.model.seqemb_mode_enabled && config.data.predict.max_msa_clusters != 1)
    throw UsageError("'globals.seqemb_mode_enabled' needs 'data.predict.max_msa_clusters' to be 1");
  std::vector<ChainSet> sets = chains_to_predict(config.data, line);
  const fs::path folder = line.folder.empty() ? "predictions" : line.folder;
  (void)added_scores_tsv(folder / "predictions.tsv", {});
  for (const ChainSet& set : sets) {
    for (const ChainSource& chain : set.catalog.chains) {
      const OutputNames names = names_in(folder, chain.name);
      for (const fs::path& file : {names.mmcif, names.pdb, names.json}) refuse_existing(file, line.overwrite);
    }
  }
  LoadedModel model = load_model(config, line);
  make_output_folder(folder);
  return Predictions(config.data, line.quiet, folder, std::move(sets), std::move(model)).run();
}

}  // namespace foldperf::trainer

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/loop/arithmetic.hpp"
#include "trainer/loop/evaluation.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/stop_signal.hpp"
#include "trainer/predict/inference_cost.hpp"
#include "trainer/program/commands.hpp"
#include "trainer/program/loaded_model.hpp"
#include "trainer/program/output_path.hpp"
#include "trainer/program/prediction_output.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

void write_scores(const fs::path& folder, const std::vector<ChainMetrics>& scores, const LoadedModel& model) {
  write_file_whole(folder / "evaluation.tsv", scores_tsv(scores));
  nlohmann::ordered_json about{
      {"weights", model.weights}, {"precision", model.precision}, {"device", model.predictor.device().str()}};
  if (!model.section.empty()) about["weights_section"] = model.section;
  about["chains"] = nlohmann::ordered_json::array();
  for (const ChainMetrics& chain : scores) {
    if (chain.chain.empty()) {
      about["mean"] = scores_json(chain);
    } else {
      about["chains"].push_back(scores_json(chain));
    }
  }
  write_file_whole(folder / "evaluation.json",
                   about.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace

ExitCode evaluate_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  const fs::path folder = line.folder;
  if (!folder.empty()) {
    for (const char* name : {"evaluation.tsv", "evaluation.json"}) refuse_existing(folder / name, line.overwrite);
  }
  const at::Device device = choose_device(config.train.device);
  EvaluationChains chains(config.data, device);
  if (chains.size() == 0) {
    throw UsageError(
        "there is no validation set: set data.source.val_data_dir or val_chains (a training set with a chain data "
        "cache is too large to be all evaluated)");
  }
  LoadedModel model = load_model(config, line);
  if (!folder.empty()) make_output_folder(folder);
  std::vector<std::string> names;
  for (const ChainLength& chain : chains.lengths()) names.push_back(chain.chain);
  const std::size_t width = name_width(names);
  if (!line.quiet) {
    std::cerr << "foldperf-train: "
              << describe_work(chains.lengths(), config.model, config.data.common, config.data.eval) << "; "
              << model.describe() << std::endl;
  }
  std::cout << table_head(width) << std::endl;

  const StopSignal signal;
  ExitCode code = ExitCode::success;
  EvaluationListener listener;
  listener.stop = StopSignal::requested;
  listener.note = [](const std::string& text) { std::cerr << "foldperf-train: " << text << std::endl; };
  listener.chain = [&](const ChainMetrics& chain) {
    code = std::max(code, chain.code);
    std::cout << table_line(chain, width) << std::endl;
  };
  const std::vector<ChainMetrics> scores = evaluate_chains(model.predictor.model(), device, chains, listener);
  const bool is_complete = !scores.empty() && scores.back().chain.empty();
  if (is_complete) std::cout << table_line(scores.back(), width) << std::endl;
  if (!folder.empty()) write_scores(folder, scores, model);
  return is_complete ? code : ExitCode::interrupted;
}

}  // namespace foldperf::trainer

#include <iostream>
#include <nlohmann/json.hpp>

#include "trainer/config/config_tree.hpp"
#include "trainer/instrument/range_sink.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/training_run.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {

namespace {

bool ranges_wanted(const ProfileConfig& profile) {
  return profile.ranges == "on" || (profile.ranges == "auto" && nvtx_tool_present());
}

}  // namespace

ExitCode train_command(const CommandLine& line) {
  const nlohmann::json tree = resolve_config(line.sources);
  if (line.print_config) {
    std::cout << print_config(tree);
    return ExitCode::success;
  }
  const TrainerConfig config = trainer_config_from_json(tree);
  enable_instrumentation(ranges_wanted(config.profile));

  const at::Device device = choose_device(config.train.device);
  LoaderSource batches(config.data, device);
  EvaluationChains evaluation(config.data, device);
  if (!line.quiet) {
    for (const std::string& warning : batches.warnings()) std::cerr << "foldperf-train: " << warning << "\n";
    std::cerr << "foldperf-train: preset " << config.preset << ", " << batches.chains() << " training chains, "
              << evaluation.size() << " evaluation chains, " << config.train.steps << " steps" << std::endl;
  }
  const ProgressStyle style = line.quiet ? ProgressStyle::quiet : default_progress_style();
  const RunResult result = run_training(config, tree, batches, evaluation, std::cerr, style);
  if (!line.quiet) {
    std::cerr << "foldperf-train: " << result.steps << " steps, " << result.skipped_steps << " skipped";
    for (const auto& [name, count] : result.nonfinite_terms) {
      std::cerr << ", loss term " << name << " not finite in " << count;
    }
    std::cerr << "; weights and metrics in " << config.train.output << "\n";
    for (const std::string& text : batches.summary()) std::cerr << "foldperf-train: " << text << "\n";
    std::cerr << std::flush;
  }
  return result.interrupted ? ExitCode::interrupted : ExitCode::success;
}

}  // namespace foldperf::trainer

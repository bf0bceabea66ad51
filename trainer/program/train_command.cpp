#include <torch/torch.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/checkpoint/resume.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/instrument/range_sink.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/mlperf_log.hpp"
#include "trainer/loop/training_run.hpp"
#include "trainer/memory/memory_errors.hpp"
#include "trainer/plan/activation_budget.hpp"
#include "trainer/plan/memory_plan.hpp"
#include "trainer/plan/out_of_memory.hpp"
#include "trainer/plan/plan_report.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {

namespace {

bool ranges_wanted(const ProfileConfig& profile) {
  return profile.ranges == "on" || (profile.ranges == "auto" && nvtx_tool_present());
}

namespace fs = std::filesystem;

std::string output_of(const ConfigSources& sources) {
  return resolve_config(sources).at("train").at("output").get<std::string>();
}

// The checkpoint that --resume means; empty where a run is to begin. A preset or files on the command line say the
// whole configuration; without them it is the checkpoint's, and `sources` becomes so, with the run's own folder.
std::optional<ResumePoint> find_checkpoint(const CommandLine& line, ConfigSources& sources) {
  if (!line.resume) return std::nullopt;
  const std::string path = line.resume_from.empty() ? output_of(sources) : line.resume_from;
  std::optional<ResumePoint> point =
      find_resume_point(path, [](const std::string& text) { std::cerr << "foldperf-train: " << text << std::endl; });
  if (!point) {
    if (!line.resume_from.empty()) throw InputError(path, "has no checkpoint to go on from");
    if (!line.quiet) std::cerr << "foldperf-train: " << path << " has no checkpoint yet: the run begins" << std::endl;
    return std::nullopt;
  }
  if (!sources.preset.empty() || !sources.files.empty()) return point;
  sources.text = point->state.configuration;
  sources.text_origin = point->file + " (configuration)";
  std::error_code error;
  if (!point->run_folder.empty() && !fs::equivalent(output_of(sources), point->run_folder, error)) {
    // The folder was moved, or is named from another place. What the command line says still wins.
    const std::string folder = nlohmann::json(point->run_folder.string()).dump();
    sources.assignments.insert(sources.assignments.begin(), "train.output=" + folder);
  }
  return point;
}

bool has_gpu(const TrainerConfig& config) { return config.train.device != "cpu" && torch::cuda::is_available(); }

// Does what train.memory says, and tells it; empty where it says nothing.
std::string plan_memory(TrainerConfig& config, nlohmann::json& tree, at::Device device) {
  const auto budget = memory_budget(config.train, DeviceMemory::capacity(device));
  if (!budget) {
    return config.train.memory == "off" ? ""
                                        : "train.memory: this device does not say what it has free; "
                                          "model.blocks_per_checkpoint decides";
  }
  config.train.precision = name_of(choose_precision(config.train.precision, device));
  TrainerConfig planned = config;
  planned.train.cuda_graphs = config.train.cuda_graphs && device.is_cuda();
  const ActivationPlan plan = plan_activations(planned, *budget);
  apply_plan(plan, config.model);
  // The record of the run has what was decided.
  tree["model"]["blocks_per_checkpoint"] = config.model.blocks_per_checkpoint;
  tree["model"]["blocks_kept"] = config.model.blocks_kept;
  return plan_text(plan, config.model);
}

}  // namespace

ExitCode train_command(const CommandLine& line) {
  RunBeginning beginning;
  beginning.overwrite = line.overwrite;
  beginning.init_ms = MlperfLog::now_ms();
  ConfigSources sources = line.sources;
  std::optional<ResumePoint> resume = find_checkpoint(line, sources);
  nlohmann::json tree = resolve_config(sources);
  if (line.print_config) {
    std::cout << print_config(tree);
    return ExitCode::success;
  }
  TrainerConfig config = trainer_config_from_json(tree);
  if (line.dry_run) {
    const auto here = has_gpu(config) ? DeviceMemory::capacity(choose_device(config.train.device)) : std::nullopt;
    std::cout << plan_report(config, {.memory_gib = line.memory_gib, .device = here}) << std::flush;
    return ExitCode::success;
  }
  enable_instrumentation(ranges_wanted(config.profile));

  if (resume) {
    set_damaged_aside(*resume);
    for (const fs::path& file : resume->damaged) {
      std::cerr << "foldperf-train: " << file.string() << " is set aside: it has the ending .damaged now" << std::endl;
    }
  }
  // Before the data is looked through.
  if (!line.overwrite) refuse_later_checkpoints(config.train.output, resume ? resume->state.counters.steps : 0);

  prepare_environment(config.train);
  const at::Device device = choose_device(config.train.device);
  const std::string plan = plan_memory(config, tree, device);
  if (!line.quiet && !plan.empty()) std::cerr << "foldperf-train: " << plan << std::endl;
  LoaderSource batches(config.data, device, resume ? resume->state.data : QueueProgress{});
  EvaluationChains evaluation(config.data, device);
  if (!line.quiet) {
    for (const std::string& warning : batches.warnings()) std::cerr << "foldperf-train: " << warning << "\n";
    std::cerr << "foldperf-train: preset " << config.preset << ", " << batches.chains() << " training chains, "
              << evaluation.size() << " evaluation chains, " << config.train.steps << " steps" << std::endl;
    if (evaluation.size() > 1) {
      std::cerr << "foldperf-train: evaluation: "
                << describe_work(evaluation.lengths(), config.model, config.data.common, config.data.eval) << std::endl;
    }
  }
  const ProgressStyle style = line.quiet ? ProgressStyle::quiet : default_progress_style();
  RunResult result;
  try {
    result = run_training(config, tree, batches, evaluation, std::cerr, style, resume ? &*resume : nullptr, beginning);
  } catch (const c10::Error& error) {
    if (!is_out_of_device_memory(error)) throw;
    throw explain_out_of_memory(error, config, DeviceMemory::capacity(device));
  }
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

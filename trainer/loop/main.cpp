// foldperf-train: trains OpenFold as its configuration says.
#include <torch/torch.h>

#include <iostream>
#include <new>

#include "core/error.hpp"
#include "trainer/instrument/range_sink.hpp"
#include "trainer/loop/command_line.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/training_run.hpp"

namespace foldperf::trainer {
namespace {

bool ranges_wanted(const ProfileConfig& profile) {
  return profile.ranges == "on" || (profile.ranges == "auto" && nvtx_tool_present());
}

ExitCode train(const std::vector<std::string>& arguments) {
  const CommandLine line = parse_command_line(arguments);
  if (!line.answer.empty()) {
    std::cout << line.answer;
    return ExitCode::success;
  }
  const nlohmann::json tree = resolve_config(line.sources);
  if (line.print_config) {
    std::cout << print_config(tree);
    return ExitCode::success;
  }
  const TrainerConfig config = trainer_config_from_json(tree);
  enable_instrumentation(ranges_wanted(config.profile));

  LoaderSource batches(config.data);
  EvaluationChains evaluation(config.data);
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
    std::cerr << "; weights and metrics in " << config.train.output << std::endl;
  }
  return result.interrupted ? ExitCode::interrupted : ExitCode::success;
}

int report(const std::string& message, ExitCode code) {
  std::cerr << "foldperf-train: " << message << std::endl;
  return static_cast<int>(code);
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  using foldperf::ExitCode;
  using foldperf::trainer::report;
  try {
    return static_cast<int>(foldperf::trainer::train({argv + 1, argv + argc}));
  } catch (const foldperf::Error& error) {
    return report(error.what(), error.code());
  } catch (const std::bad_alloc&) {
    return report("out of memory; lower data.train.crop_size or set model.blocks_per_checkpoint=1", ExitCode::system);
  } catch (const c10::Error& error) {
    return report(error.what_without_backtrace(), ExitCode::failure);
  } catch (const std::exception& error) {
    return report(error.what(), ExitCode::failure);
  }
}

#include "trainer/plan/plan_report.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <sstream>
#include <string_view>
#include <vector>

#include "trainer/plan/activation_budget.hpp"
#include "trainer/plan/fitting_settings.hpp"
#include "trainer/plan/memory_plan.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t name_width = 34;

// A name in a column of name_width.
std::string column(std::string_view name, std::size_t indent = 0) {
  std::string text(indent, ' ');
  text.append(name);
  if (text.size() < name_width) text.resize(name_width, ' ');
  return text;
}
std::string number(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%10.3f", to_gib(bytes));
  return text;
}

class Table {
 public:
  explicit Table(const std::vector<StepMemory>& columns) : columns_(columns) {}

  void head(const std::string& name) {
    text_ << column(name);
    for (const StepMemory& step : columns_) {
      char text[32];
      std::snprintf(text, sizeof text, "%3ld pass%s", static_cast<long>(step.passes), step.passes == 1 ? "  " : "es");
      text_ << text << ' ';
    }
    text_ << "\n";
  }
  void row(const std::string& name, const std::function<std::int64_t(const StepMemory&)>& value) {
    text_ << column(name, 2);
    for (const StepMemory& step : columns_) text_ << number(value(step)) << ' ';
    text_ << "\n";
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  const std::vector<StepMemory>& columns_;
  std::ostringstream text_;
};

std::string title(const TrainerConfig& config) {
  const DataModeConfig& data = config.data.train;
  std::ostringstream text;
  text << "Device memory of preset " << config.preset << ": " << config.train.precision << ", batch "
       << config.train.batch_size << ", crop " << data.crop_size << ", " << data.max_msa_clusters << " clusters, "
       << data.max_extra_msa << " extra sequences, " << data.max_templates << " templates; ";
  if (config.model.blocks_per_checkpoint == 0) {
    text << "all activations kept";
  } else {
    text << "blocks recomputed by " << config.model.blocks_per_checkpoint << ", " << config.model.blocks_kept
         << " kept";
  }
  text << "\n(GiB; one GPU, planned on LibTorch's meta device, nothing was computed)\n\n";
  return text.str();
}

std::string table_text(const std::vector<StepMemory>& steps) {
  Table table(steps);
  table.head("At rest");
  table.row("parameters", [](const StepMemory& step) { return step.parameters; });
  table.row("optimizer", [](const StepMemory& step) { return step.optimizer; });
  table.row("moving average", [](const StepMemory& step) { return step.average; });
  table.row("gradients, added up", [](const StepMemory& step) { return step.added_up; });
  table.row("batch", [](const StepMemory& step) { return step.batch; });
  table.head("In a step");
  table.row("gradients", [](const StepMemory& step) { return step.gradients; });
  table.row("kept for the backward pass", [](const StepMemory& step) { return step.activations; });
  table.head("Most in tensors, by phase");
  for (std::size_t i = 0; i < steps.front().phases.size(); ++i) {
    table.row(steps.front().phases[i].first, [i](const StepMemory& step) { return step.phases.at(i).second; });
  }
  table.head("The device");
  table.row("most in tensors", [](const StepMemory& step) { return step.peak.allocated; });
  table.row("allocator's segments", [](const StepMemory& step) { return step.peak.reserved; });
  if (steps.front().beside_graphs > 0) {
    table.row("first steps beside CUDA graphs", [](const StepMemory& step) { return step.beside_graphs; });
  }
  table.row("CUDA and its libraries, about", [](const StepMemory&) { return fixed_memory().total(); });
  table.row("needed", [](const StepMemory& step) { return step.needed(); });
  return table.text();
}

std::string evaluation_text(const TrainerConfig& config, std::int64_t graph_pool) {
  std::ostringstream text;
  text << "Evaluation, most in tensors" << (graph_pool > 0 ? ", with the pool of CUDA graphs" : "") << "\n";
  std::vector<std::int64_t> lengths{256, 512, 1024};
  if (config.data.eval.crop_size > 0) lengths = {config.data.eval.crop_size};
  for (const std::int64_t length : lengths) {
    text << column(std::to_string(length) + " residues", 2) << number(evaluation_memory(config, length) + graph_pool)
         << "\n";
  }
  return text.str();
}

std::string verdict(const TrainerConfig& config, const std::vector<StepMemory>& steps, std::int64_t room,
                    std::int64_t free, const std::string& whose) {
  std::int64_t needed = 0;
  for (const StepMemory& step : steps) needed = std::max(needed, step.needed());
  std::string text = needed <= room ? "Fits in " : "Does not fit in ";
  text += whose + " of " + gib_text(room) + ": " + gib_text(needed) + " needed";
  if (needed > room) return text + advice(settings_that_fit(config, room)) + "\n";
  TrainerConfig plain = config;
  plain.model.blocks_kept = 0;
  // The budget as it is printed: whole GiB of what is free.
  const auto budget_gib = static_cast<std::int64_t>(to_gib(free));
  const std::int64_t budget = to_bytes(static_cast<double>(budget_gib));
  if (config.model.blocks_per_checkpoint > 0 && budget >= needed) {
    const ActivationPlan plan = plan_activations(plain, budget);
    if (plan.blocks_kept > config.model.blocks_kept) {
      text += "; with --set train.memory=" + std::to_string(budget_gib) + " up to " + std::to_string(plan.blocks_kept) +
              " of " + std::to_string(plan.blocks) + " blocks would keep their activations, and steps be faster";
    }
  }
  return text + "\n";
}

}  // namespace

std::string plan_report(const TrainerConfig& given, const PlanQuestion& question) {
  TrainerConfig config = planned_config(given);
  std::string text;
  const std::optional<DeviceCapacity> asked =
      question.memory_gib ? DeviceCapacity{*question.memory_gib, *question.memory_gib} : question.device;
  if (const auto budget = memory_budget(config.train, asked)) {
    const ActivationPlan plan = plan_activations(config, *budget);
    apply_plan(plan, config.model);
    text += plan_text(plan, config.model) + "\n\n";
  }
  text = title(config) + text;
  std::vector<StepMemory> steps;
  steps.push_back(step_memory(config, 1));
  if (most_passes(config) > 1) steps.push_back(step_memory(config));
  text += table_text(steps) + "\n" + evaluation_text(config, steps.back().graph_pool) + "\n";
  if (asked) {
    text += verdict(config, steps, to_bytes(asked->total_gib), to_bytes(asked->free_gib),
                    question.memory_gib ? "a device" : "the device here");
  } else {
    text += "No GPU here; --memory GIB says what one has: whether it fits, and which settings would.\n";
  }
  return text;
}

}  // namespace foldperf::trainer

#include "trainer/plan/activation_budget.hpp"

#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "trainer/model/kept_blocks.hpp"
#include "trainer/plan/fitting_settings.hpp"
#include "trainer/plan/memory_plan.hpp"

namespace foldperf::trainer {

namespace {

// Left alone by "auto": fragments that a plan does not foresee, other programs on the device.
constexpr double auto_margin_gib = 2;

std::int64_t needed_with(TrainerConfig config, std::int64_t kept) {
  config.model.blocks_per_checkpoint = std::max<std::int64_t>(1, config.model.blocks_per_checkpoint);
  config.model.blocks_kept = kept;
  return step_memory(config).needed();
}

}  // namespace

ActivationPlan plan_activations(const TrainerConfig& given, std::int64_t budget) {
  const TrainerConfig config = planned_config(given);
  ActivationPlan plan{.budget = budget, .blocks_kept = 0, .blocks = stack_blocks(config.model), .needed = 0};
  plan.needed = needed_with(config, 0);
  if (plan.needed > budget) {
    const std::string given_budget = config.train.memory == "auto" ? "auto, for which this device has " : "";
    throw UsageError("'train.memory' is " + given_budget + gib_text(budget) + ", but a step needs " +
                     gib_text(plan.needed) + " even where every block is recomputed" +
                     advice(settings_that_fit(config, budget)));
  }
  // Every block that is kept needs more: by bisection, all of them first.
  std::int64_t fits = 0, too_many = plan.blocks + 1;
  for (std::int64_t next = plan.blocks; too_many - fits > 1; next = (fits + too_many) / 2) {
    const std::int64_t needed = needed_with(config, next);
    if (needed <= budget) {
      fits = next;
      plan.needed = needed;
    } else {
      too_many = next;
    }
  }
  plan.blocks_kept = fits;
  return plan;
}

std::optional<std::int64_t> memory_budget(const TrainConfig& config, const std::optional<DeviceCapacity>& device) {
  if (config.memory == "off") return std::nullopt;
  if (config.memory != "auto") {
    const double gib = std::stod(config.memory);  // checked when it was read
    if (device && gib > device->total_gib) {
      throw UsageError("'train.memory' is " + gib_text(to_bytes(gib)) + ", but the device has " +
                       gib_text(to_bytes(device->total_gib)) + ": give a smaller number, or 'auto'");
    }
    return to_bytes(gib);
  }
  if (!device) return std::nullopt;
  // The device's context exists already where its free memory is known.
  return to_bytes(device->free_gib - auto_margin_gib) + fixed_memory().context;
}

void apply_plan(const ActivationPlan& plan, ModelConfig& model) {
  model.blocks_per_checkpoint = std::max<std::int64_t>(1, model.blocks_per_checkpoint);
  model.blocks_kept = plan.blocks_kept;
}

std::string plan_text(const ActivationPlan& plan, const ModelConfig& model) {
  const StackCheckpointing shares = share_kept_blocks(model);
  std::ostringstream text;
  text << "memory: " << plan.blocks_kept << " of " << plan.blocks << " blocks keep their activations (Evoformer "
       << shares.evoformer.blocks_kept << " of " << model.evoformer_stack.no_blocks;
  if (model.template_.enabled) {
    text << ", templates " << shares.template_pair.blocks_kept << " of "
         << model.template_.template_pair_stack.no_blocks;
  }
  if (model.extra_msa.enabled) {
    text << ", extra MSA " << shares.extra_msa.blocks_kept << " of " << model.extra_msa.extra_msa_stack.no_blocks;
  }
  text << "), the others are recomputed; predicted " << gib_text(plan.needed) << " of " << gib_text(plan.budget);
  return text.str();
}

}  // namespace foldperf::trainer

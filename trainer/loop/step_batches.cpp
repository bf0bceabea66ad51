#include "trainer/loop/step_batches.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

namespace {

// The first passes, as OpenFold leaves away the others.
void keep_passes(TrainingBatch& batch, std::int64_t passes) {
  for (auto& [name, tensor] : batch.features) {
    if (tensor.size(-1) > passes) tensor = tensor.narrow(-1, 0, passes);
  }
}

}  // namespace

std::vector<TrainingBatch> StepBatches::next(std::int64_t step) {
  std::vector<TrainingBatch> batches;
  for (std::int64_t i = 0; i < config_.train.accumulate_grad_batches; ++i) {
    std::vector<TrainingBatch> samples;
    for (std::int64_t k = 0; k < config_.train.batch_size; ++k) samples.push_back(source_.next());
    batches.push_back(join_batches(std::move(samples)));
    batches.back().about.step = step;
    for (facts::BatchFact& fact : batches.back().more) fact.step = step;
  }
  if (config_.train.recycling_per_step) {
    const SampleKey key{static_cast<std::uint64_t>(config_.train.seed), 0, static_cast<std::uint32_t>(step)};
    const std::int64_t passes =
        RandomStream(key, Purpose::step_recycling).integer(0, config_.data.common.max_recycling_iters) + 1;
    for (TrainingBatch& batch : batches) keep_passes(batch, passes);
  }
  return batches;
}

}  // namespace foldperf::trainer

#include "trainer/loop/trainer.hpp"

#include <c10/cuda/CUDAGraphsC10Utils.h>

#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/weights_file.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/parameter_device.hpp"
#include "trainer/optim/clip.hpp"
#include "trainer/optim/named_tensors.hpp"

namespace foldperf::trainer {

namespace {

// splitmix64 (Steele et al. 2014): neighbouring steps get unrelated seeds.
std::uint64_t seed_of(std::int64_t seed, std::int64_t step) {
  std::uint64_t x = static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(step) + 1;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

LrScheduleConfig schedule_config(const ScheduleConfig& config) {
  return {config.base_lr,
          config.max_lr,
          config.warmup_no_steps,
          config.start_decay_after_n_steps,
          config.decay_every_n_steps,
          config.decay_factor};
}

NamedParameters named_parameters(const torch::nn::Module& model) {
  NamedParameters parameters;
  for (const auto& item : model.named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

// Aliases that keep the values of now when the parameters are converted.
std::vector<at::Tensor> detached(const NamedParameters& parameters) {
  std::vector<at::Tensor> aliases;
  for (const auto& [name, parameter] : parameters) aliases.push_back(parameter.detach());
  return aliases;
}

// Work that is captured in a graph is only written down: nothing is changed yet.
bool is_captured(at::Device device) {
  return device.is_cuda() && c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None;
}

// Rounds the masters for the model at its end, whatever they are then.
class PublishedAtTheEnd {
 public:
  explicit PublishedAtTheEnd(MasterWeights& weights) : weights_(weights) {}
  ~PublishedAtTheEnd() {
    try {
      weights_.publish();
    } catch (const std::exception&) {
      // The device is broken, and whatever comes next will say so; the masters are right.
    }
  }
  PublishedAtTheEnd(const PublishedAtTheEnd&) = delete;
  PublishedAtTheEnd& operator=(const PublishedAtTheEnd&) = delete;

 private:
  MasterWeights& weights_;
};

}  // namespace

Trainer::Trainer(const TrainerConfig& config, at::Device device, std::function<void(const std::string&)> note)
    : config_(config),
      device_(device),
      memory_(device),
      precision_(choose_precision(config.train.precision, device)),
      loss_(config.loss),
      schedule_(schedule_config(config.schedule)) {
  apply_arithmetic(config.train, precision_);
  torch::manual_seed(static_cast<std::uint64_t>(config.train.seed));
  {
    const ParameterDevice made_on(device.is_meta() ? device : at::Device(at::kCPU));
    model_ = AlphaFold(config.model);
  }
  if (!config.train.initial_weights.empty()) {
    const auto loaded = load_weights(config.train.initial_weights);
    assign_weights(*model_, loaded.tensors, loaded.path);
  }
  model_->to(device_);
  model_->train();
  assign_trace_paths(*model_);
  const NamedParameters parameters = named_parameters(*model_);
  const std::vector<at::Tensor> exact = detached(parameters);
  if (precision_ == Precision::bf16) model_->trunk_to(at::kBFloat16);
  masters_ = std::make_unique<MasterWeights>(parameters, exact);
  AdamOptions options;
  options.lr = schedule_.at(0);
  options.beta1 = config.optimizer.beta_1;
  options.beta2 = config.optimizer.beta_2;
  options.eps = config.optimizer.eps;
  optimizer_ = std::make_unique<Adam>(masters_->masters(), options);
  average_ = std::make_unique<ExponentialMovingAverage>(masters_->masters(), config.ema_decay);
  if (device_.is_cuda() && config.train.cuda_graphs) graphs_ = std::make_unique<GraphCache>(std::move(note));
}

at::Tensor Trainer::add_gradients(const TensorDict& features, bool first) {
  // Left over where an earlier step was broken off.
  for (auto& parameter : model_->parameters()) parameter.mutable_grad() = at::Tensor();
  TensorDict outputs;
  {
    const PhaseRange phase(facts::phase::forward);
    memory_.begin_phase(facts::phase::forward);
    outputs = model_->forward(features);
  }
  const TensorDict truth = last_pass(features);
  LossResult loss;
  {
    const PhaseRange phase(facts::phase::loss);
    memory_.begin_phase(facts::phase::loss);
    loss = loss_.compute(outputs, truth);
    loss_terms_ = loss.names;
  }
  {
    const BackwardPhaseRange phase;
    memory_.begin_phase(facts::phase::backward);
    // Where every term was zeroed nothing is left to differentiate.
    if (loss.total.requires_grad()) loss.total.backward();
    masters_->take_gradients(first);
  }
  return batch_values(loss, outputs, truth);
}

at::Tensor Trainer::update(std::size_t batches) {
  const MasterWeights::Gradients gradients(*masters_, 1.0 / static_cast<double>(batches));
  ClippedNorm norm;
  {
    const PhaseRange phase(facts::phase::clip);
    memory_.begin_phase(facts::phase::clip);
    norm = clip_gradients(tensors_of(masters_->masters()), config_.clip_max_norm);
  }
  {
    const PhaseRange phase(facts::phase::optimizer);
    memory_.begin_phase(facts::phase::optimizer);
    is_updating_ = !is_captured(device_);
    optimizer_->step(norm.not_finite);
    masters_->publish();
  }
  {
    const PhaseRange phase(facts::phase::ema);
    memory_.begin_phase(facts::phase::ema);
    average_->update();
    memory_.end_phase();
  }
  return update_values(norm);
}

Trainer::GraphName Trainer::gradients_graph(bool first, const std::string& shape) const {
  const std::string kind = first ? "forward and backward" : "forward and backward added";
  const std::string key = kind + ", " + shape;
  // Where shapes seldom come again, only those that do are worth a graph.
  return {config_.data.train.fixed_size ? kind : key, key};
}

at::Tensor Trainer::run(const std::string& kind, const std::string& key, const std::function<at::Tensor()>& work) {
  if (!graphs_) return work();
  return graphs_->run(kind, key, [&work] { return std::vector<at::Tensor>{work()}; }).front();
}

PendingStep Trainer::launch(std::int64_t step, const std::vector<TrainingBatch>& batches) {
  if (batches.empty()) throw Error("a step needs a batch");
  torch::manual_seed(seed_of(config_.train.seed, step));
  PendingStep pending;
  pending.metrics.step = step;
  pending.metrics.learning_rate = schedule_.at(step);
  pending.metrics.passes = batches.front().features.at("aatype").size(-1);
  pending.metrics.samples = 0;
  optimizer_->set_lr(pending.metrics.learning_rate);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const bool first = i == 0;
    TensorDict features = to_device(batches[i].features, device_);
    pending.metrics.samples += features.at("aatype").size(0);
    const auto work = [&] { return add_gradients(features, first); };
    if (!graphs_) {
      pending.batches.emplace_back(work());
      continue;
    }
    const std::string shape = shape_text(features);
    const GraphName name = gradients_graph(first, shape);
    if (graphs_->will_use_graph(name.kind, name.key)) features = static_batches_.load(shape, features);
    pending.batches.emplace_back(run(name.kind, name.key, work));
    // Both of a shape's graphs read from one place, which goes when neither is there or can still be made.
    const GraphName other = gradients_graph(!first, shape);
    if (!graphs_->will_use_graph(name.kind, name.key) && !graphs_->will_use_graph(other.kind, other.key)) {
      static_batches_.forget(shape);
    }
  }
  pending.update = ValuesOnTheWay(run("update", "update", [&] { return update(batches.size()); }));
  is_updating_ = false;
  return pending;
}

StepMetrics Trainer::finish(PendingStep pending) {
  BatchMetrics batches;
  for (ValuesOnTheWay& values : pending.batches) batches.add(values.wait(), loss_terms_);
  batches.finish(pending.metrics);
  read_update(pending.update.wait(), pending.metrics);
  return std::move(pending.metrics);
}

StepMetrics Trainer::step(std::int64_t step, const TrainingBatch& batch) { return finish(launch(step, {batch})); }

TensorDict Trainer::gradients(std::int64_t step, const TrainingBatch& batch) {
  torch::manual_seed(seed_of(config_.train.seed, step));
  (void)add_gradients(to_device(batch.features, device_), /*first=*/true);
  const MasterWeights::Gradients gradients(*masters_);
  TensorDict result;
  for (const auto& [name, master] : masters_->masters()) result[name] = master.grad().clone();
  return result;
}

std::vector<ChainMetrics> Trainer::evaluate(EvaluationSource& source, const EvaluationListener& listener) {
  const PhaseRange phase(facts::phase::evaluation);
  memory_.begin_phase(facts::phase::evaluation);
  // The averages take the masters' place, and both are rounded for the model.
  const PublishedAtTheEnd published(*masters_);
  const AveragedWeights averaged(*average_);
  masters_->publish();
  auto results = evaluate_chains(model_, device_, source, listener);
  memory_.end_phase();
  return results;
}

}  // namespace foldperf::trainer

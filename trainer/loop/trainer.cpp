#include "trainer/loop/trainer.hpp"

#include <cmath>

#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/instrument/traced_module.hpp"
#include "trainer/loss/metrics.hpp"
#include "trainer/optim/clip.hpp"
#include "trainer/optim/named_tensors.hpp"
#include "trainer/protein/residue_types.hpp"

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

// The features of the last recycling pass, without the recycling dimension: what the loss and the metrics compare with.
TensorDict last_pass(const TensorDict& features) {
  return map_tensors(features, [](const at::Tensor& tensor) { return tensor.select(-1, -1); });
}

// Resolved CA atoms. Scores of fewer than two are numbers about nothing (OpenFold's lDDT is then 1).
at::Tensor resolved_ca(const TensorDict& truth) { return truth.at("all_atom_mask").select(-1, atom37::ca).sum(); }
constexpr double fewest_ca = 2;

void append(std::vector<at::Tensor>& values, const at::Tensor& tensor) {
  values.push_back(tensor.detach().to(at::kDouble).reshape({-1}));
}

}  // namespace

at::Device choose_device(const std::string& name) {
  const bool has_cuda = torch::cuda::is_available();
  if (name == "cuda" && !has_cuda) {
    throw SystemError("train.device is cuda, but PyTorch finds no CUDA device; `foldperf doctor` says what is missing");
  }
  return name == "cpu" || !has_cuda ? at::Device(at::kCPU) : at::Device(at::kCUDA, 0);
}

Trainer::Trainer(const TrainerConfig& config, at::Device device)
    : config_(config), device_(device), loss_(config.loss), schedule_(schedule_config(config.schedule)) {
  torch::manual_seed(static_cast<std::uint64_t>(config.train.seed));
  model_ = AlphaFold(config.model);
  if (!config.train.initial_weights.empty()) {
    assign_weights(*model_, load_tensors(config.train.initial_weights), config.train.initial_weights);
  }
  model_->to(device_);
  model_->train();
  assign_trace_paths(*model_);
  const NamedParameters parameters = named_parameters(*model_);
  parameters_ = tensors_of(parameters);
  AdamOptions options;
  options.lr = schedule_.at(0);
  options.beta1 = config.optimizer.beta_1;
  options.beta2 = config.optimizer.beta_2;
  options.eps = config.optimizer.eps;
  optimizer_ = std::make_unique<Adam>(parameters, options);
  average_ = std::make_unique<ExponentialMovingAverage>(parameters, config.ema_decay);
}

TensorDict Trainer::to_device(const TensorDict& features) const {
  return map_tensors(features, [this](const at::Tensor& tensor) { return tensor.to(device_, /*non_blocking=*/true); });
}

StepMetrics Trainer::step(std::int64_t step, const TrainingBatch& batch) {
  torch::manual_seed(seed_of(config_.train.seed, step));
  StepMetrics metrics;
  metrics.step = step;
  metrics.learning_rate = schedule_.at(step);

  TensorDict outputs;
  TensorDict truth;
  {
    const PhaseRange phase(facts::phase::forward);
    const TensorDict features = to_device(batch.features);
    metrics.passes = features.at("aatype").size(-1);
    truth = last_pass(features);
    outputs = model_->forward(features);
  }
  LossResult loss;
  {
    const PhaseRange phase(facts::phase::loss);
    loss = loss_.compute(outputs, truth);
  }
  {
    const BackwardPhaseRange phase;
    // Where every term was zeroed nothing is left to differentiate.
    if (loss.total.requires_grad()) loss.total.backward();
  }
  ClippedNorm norm;
  {
    const PhaseRange phase(facts::phase::clip);
    norm = clip_gradients(parameters_, config_.clip_max_norm);
  }
  {
    const PhaseRange phase(facts::phase::optimizer);
    optimizer_->set_lr(metrics.learning_rate);
    optimizer_->step(norm.not_finite);
    optimizer_->zero_grad();
  }
  {
    const PhaseRange phase(facts::phase::ema);
    average_->update();
  }

  // One transfer for all numbers of the step.
  at::NoGradGuard no_grad;
  const TensorDict quality = validation_metrics(outputs.at("final_atom_positions"), truth.at("all_atom_positions"),
                                                truth.at("all_atom_mask"), /*superposition_metrics=*/false);
  std::vector<at::Tensor> values;
  append(values, loss.total);
  append(values, loss.unscaled);
  append(values, norm.norm);
  append(values, norm.not_finite);
  append(values, quality.at("lddt_ca").mean());
  append(values, quality.at("drmsd_ca").mean());
  append(values, resolved_ca(truth));
  append(values, loss.values);
  append(values, loss.finite);
  const at::Tensor read = at::cat(values).to(at::kCPU);
  const double* value = read.const_data_ptr<double>();
  metrics.loss = *value++;
  metrics.unscaled_loss = *value++;
  metrics.gradient_norm = *value++;
  metrics.skipped = *value++ != 0;
  metrics.lddt_ca = *value++;
  metrics.drmsd_ca = *value++;
  if (*value++ < fewest_ca) metrics.lddt_ca = metrics.drmsd_ca = std::nan("");
  for (const std::string& name : loss.names) metrics.terms[name] = *value++;
  for (const std::string& name : loss.names) {
    if (*value++ == 0) metrics.nonfinite_terms.push_back(name);
  }
  return metrics;
}

std::vector<ChainMetrics> Trainer::evaluate(EvaluationSource& source, const std::function<bool()>& stop) {
  const PhaseRange phase(facts::phase::evaluation);
  const AveragedWeights averaged(*average_);
  const at::NoGradGuard no_grad;
  // Also when a chain fails: training may go on afterwards.
  struct EvaluationMode {
    explicit EvaluationMode(AlphaFold& m) : model(m) { model->eval(); }
    ~EvaluationMode() { model->train(); }
    AlphaFold& model;
  } const mode(model_);

  std::vector<ChainMetrics> results;
  ChainMetrics mean;
  double compared = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (stop && stop()) return results;
    const TrainingBatch batch = source.get(i);
    const TensorDict features = to_device(batch.features);
    const TensorDict outputs = model_->forward(features);
    const TensorDict truth = last_pass(features);
    const TensorDict quality = validation_metrics(outputs.at("final_atom_positions"), truth.at("all_atom_positions"),
                                                  truth.at("all_atom_mask"));
    ChainMetrics metrics;
    metrics.chain = batch.about.chain;
    metrics.length = batch.about.length;
    const bool comparable = resolved_ca(truth).item<double>() >= fewest_ca;
    compared += comparable;
    for (const auto& [name, tensor] : quality) {
      const double value = comparable ? tensor.to(at::kDouble).mean().item<double>() : std::nan("");
      metrics.values[name] = value;
      mean.values[name] += comparable ? value : 0;
    }
    results.push_back(std::move(metrics));
  }
  for (auto& [name, value] : mean.values) value = compared > 0 ? value / compared : std::nan("");
  results.push_back(std::move(mean));
  return results;
}

}  // namespace foldperf::trainer

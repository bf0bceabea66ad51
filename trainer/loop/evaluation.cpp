#include "trainer/loop/evaluation.hpp"

#include <torch/torch.h>

#include <cmath>

#include "trainer/loop/step_values.hpp"
#include "trainer/loss/metrics.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// Also when a chain fails: training may go on afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(AlphaFold& model) : model_(model) { model_->eval(); }
  ~EvaluationMode() { model_->train(); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  AlphaFold& model_;
};

}  // namespace

std::vector<ChainMetrics> evaluate_chains(AlphaFold& model, at::Device device, EvaluationSource& source,
                                          const std::function<bool()>& stop) {
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(model);
  std::vector<ChainMetrics> results;
  ChainMetrics mean;
  double compared = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (stop && stop()) return results;
    const TrainingBatch batch = source.get(i);
    const TensorDict features = to_device(batch.features, device);
    const TensorDict outputs = model->forward(features);
    const TensorDict truth = last_pass(features);
    const TensorDict quality = validation_metrics(outputs.at("final_atom_positions"), truth.at("all_atom_positions"),
                                                  truth.at("all_atom_mask"));
    ChainMetrics metrics;
    metrics.chain = batch.about.chain;
    metrics.length = batch.about.length;
    const double resolved = truth.at("all_atom_mask").select(-1, atom37::ca).sum().item<double>();
    const bool comparable = resolved >= fewest_ca;
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

#include "trainer/loop/evaluation.hpp"

#include <torch/torch.h>

#include <chrono>
#include <string>

#include "trainer/memory/memory_errors.hpp"
#include "trainer/predict/finite_outputs.hpp"

namespace foldperf::trainer {

namespace {

// Also when a chain fails: training may go on afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(AlphaFold& model) : model_(model), was_training_(model->is_training()) { model_->eval(); }
  ~EvaluationMode() { model_->train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  AlphaFold& model_;
  bool was_training_;
};

// `known`: name and length, as far as they are known before the chain is read.
ChainMetrics evaluate_chain(AlphaFold& model, at::Device device, EvaluationSource& source, std::size_t index,
                            const ChainLength& known, const InferenceNote& note) {
  ChainMetrics metrics;
  metrics.chain = known.chain;
  metrics.length = known.length;
  const auto fail = [&](const Error& error) {
    metrics.error = error.what();
    metrics.code = error.code();
    if (note) note(metrics.chain + " cannot be evaluated: " + metrics.error);
  };
  const auto start = std::chrono::steady_clock::now();
  try {
    const TrainingBatch batch = source.get(index);
    metrics.chain = batch.about.chain;
    metrics.length = batch.about.length;
    const TensorDict features = to_device(batch.features, device);
    const TensorDict outputs = infer(model, features, [&](const std::string& text) {
      if (note) note(metrics.chain + ": " + text);
    });
    metrics.values = score_chain(outputs, last_pass(features));
  } catch (const InputError& error) {
    fail(error);
  } catch (const OutOfMemory& error) {
    fail(error);
  } catch (const NotFinite& error) {
    fail(error);
  } catch (...) {
    if (!is_out_of_memory()) throw;
    fail(chain_out_of_memory(device));
  }
  metrics.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return metrics;
}

}  // namespace

std::vector<ChainMetrics> evaluate_chains(AlphaFold& model, at::Device device, EvaluationSource& source,
                                          const EvaluationListener& listener) {
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(model);
  const std::vector<ChainLength> lengths = source.lengths();
  std::vector<ChainMetrics> results;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (listener.stop && listener.stop()) return results;
    const ChainLength known = i < lengths.size() ? lengths[i] : ChainLength{"chain " + std::to_string(i + 1)};
    results.push_back(evaluate_chain(model, device, source, i, known, listener.note));
    if (listener.chain) listener.chain(results.back());
  }
  results.push_back(mean_of(results));
  return results;
}

}  // namespace foldperf::trainer

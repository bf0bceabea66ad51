#include "trainer/loop/step_values.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cmath>

#include "trainer/loss/metrics.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

class Row {
 public:
  void add(const at::Tensor& tensor) { parts_.push_back(tensor.detach().to(at::kDouble).reshape({-1})); }
  [[nodiscard]] at::Tensor join() const { return at::cat(parts_); }

 private:
  std::vector<at::Tensor> parts_;
};

}  // namespace

at::Tensor batch_values(const LossResult& loss, const TensorDict& outputs, const TensorDict& truth) {
  const at::NoGradGuard no_grad;
  const TensorDict quality = validation_metrics(outputs.at("final_atom_positions"), truth.at("all_atom_positions"),
                                                truth.at("all_atom_mask"), /*superposition_metrics=*/false);
  // Over the crops of the batch that have a score.
  const at::Tensor resolved = truth.at("all_atom_mask").select(-1, atom37::ca).sum(-1);
  const at::Tensor has_score = resolved.ge(fewest_ca);
  const auto sum = [&](const char* name) {
    const at::Tensor value = quality.at(name);
    return at::where(has_score, value.expand(has_score.sizes()), 0.0).sum();
  };
  Row row;
  row.add(loss.total);
  row.add(loss.unscaled);
  row.add(has_score.sum());
  row.add(sum("lddt_ca"));
  row.add(sum("drmsd_ca"));
  row.add(loss.values);
  row.add(loss.finite);
  return row.join();
}

at::Tensor update_values(const ClippedNorm& norm) {
  const at::NoGradGuard no_grad;
  Row row;
  row.add(norm.norm);
  row.add(norm.not_finite);
  return row.join();
}

ValuesOnTheWay::ValuesOnTheWay(const at::Tensor& values) {
  if (values.is_meta()) return;  // a plan of memory: there are no numbers
  if (values.is_cpu()) {
    host_ = values.contiguous();
    return;
  }
  host_ = at::empty(values.sizes(), at::TensorOptions(at::kDouble).pinned_memory(true));
  host_.copy_(values, /*non_blocking=*/true);
  const c10::impl::VirtualGuardImpl device(values.device().type());
  arrived_.emplace(values.device().type());
  arrived_->record(device.getStream(values.device()));
}

const double* ValuesOnTheWay::wait() {
  if (arrived_) arrived_->synchronize();
  arrived_.reset();
  return host_.const_data_ptr<double>();
}

void BatchMetrics::add(const double* values, const std::vector<std::string>& terms) {
  ++batches_;
  sum_.loss += *values++;
  sum_.unscaled_loss += *values++;
  scored_ += *values++;
  sum_.lddt_ca += *values++;
  sum_.drmsd_ca += *values++;
  for (const std::string& name : terms) sum_.terms[name] += *values++;
  for (const std::string& name : terms) {
    const bool finite = *values++ != 0;
    auto& named = sum_.nonfinite_terms;
    if (!finite && std::find(named.begin(), named.end(), name) == named.end()) named.push_back(name);
  }
}

void BatchMetrics::finish(StepMetrics& metrics) const {
  metrics.loss = sum_.loss / batches_;
  metrics.unscaled_loss = sum_.unscaled_loss / batches_;
  metrics.lddt_ca = scored_ > 0 ? sum_.lddt_ca / scored_ : std::nan("");
  metrics.drmsd_ca = scored_ > 0 ? sum_.drmsd_ca / scored_ : std::nan("");
  for (const auto& [name, value] : sum_.terms) metrics.terms[name] = value / batches_;
  metrics.nonfinite_terms = sum_.nonfinite_terms;
}

void read_update(const double* values, StepMetrics& metrics) {
  metrics.gradient_norm = values[0];
  metrics.skipped = values[1] != 0;
}

}  // namespace foldperf::trainer

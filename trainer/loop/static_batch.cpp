#include "trainer/loop/static_batch.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <functional>
#include <sstream>

namespace foldperf::trainer {

namespace {

// Without the repetitions of expand().
at::Tensor told_once(at::Tensor tensor) {
  for (std::int64_t dim = 0; dim < tensor.dim(); ++dim) {
    if (tensor.stride(dim) == 0 && tensor.size(dim) > 1) tensor = tensor.narrow(dim, 0, 1);
  }
  return tensor;
}

}  // namespace

std::string shape_text(const TensorDict& features) {
  const auto size = [&](const char* name, std::int64_t dim) {
    return features.contains(name) ? features.at(name).size(dim) : 0;
  };
  std::ostringstream all;
  for (const auto& [name, tensor] : features) all << name << tensor.sizes() << tensor.strides() << tensor.scalar_type();
  std::ostringstream text;
  text << size("aatype", -1) << " passes, " << size("aatype", 0) << " x " << size("aatype", 1) << " residues, "
       << size("msa_mask", 1) << " rows, " << size("extra_msa_mask", 1) << " extra, " << size("template_mask", 1)
       << " templates, layout " << std::hex << std::hash<std::string>{}(all.str());
  return text.str();
}

const TensorDict& StaticBatches::load(const std::string& shape, const TensorDict& features) {
  const at::NoGradGuard no_grad;
  const auto [place, is_new] = places_.try_emplace(shape);
  TensorDict& batch = place->second;
  if (is_new) {
    for (const auto& [name, tensor] : features) {
      batch[name] = at::empty_like(told_once(tensor), at::MemoryFormat::Preserve).expand(tensor.sizes());
    }
  }
  for (const auto& [name, tensor] : features) told_once(batch.at(name)).copy_(told_once(tensor), /*non_blocking=*/true);
  return batch;
}

}  // namespace foldperf::trainer

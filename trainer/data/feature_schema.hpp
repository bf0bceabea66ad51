// The features that reach the model, and which of their dimensions are cropped and padded (openfold
// config.data.common.feat).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foldperf::trainer {

enum class Dimension { residues, msa_rows, extra_msa_rows, templates, fixed };

// By name of the feature; recycling and batch dimensions are not among its dimensions.
const std::map<std::string, std::vector<Dimension>>& feature_schema();

struct PaddedSize {
  std::int64_t residues = 0;  // 0 in any of these: as it is
  std::int64_t msa_rows = 0;
  std::int64_t extra_msa_rows = 0;
  std::int64_t templates = 0;
};
// The shape of a feature of these sizes when it is filled up; features that the schema does not name stay as they are.
// Throws Error where it is larger already.
std::vector<std::int64_t> padded_shape(const std::string& name, at::IntArrayRef sizes, const PaddedSize& size);
// Writes a tensor where all indices of `padded` begin.
void copy_to_front(at::Tensor padded, const at::Tensor& tensor);

}  // namespace foldperf::trainer

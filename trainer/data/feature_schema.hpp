// The features that reach the model, and which of their dimensions crop and pad (openfold config.data.common.feat).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

enum class Dimension { residues, msa_rows, extra_msa_rows, templates, fixed };

// By name of the feature; recycling and batch dimensions are not among its dimensions.
const std::map<std::string, std::vector<Dimension>>& feature_schema();

// Only the features that the schema names.
TensorDict select_features(const TensorDict& features);

// Where templates are concerned: which ones, in which order.
struct Crop {
  std::int64_t start = 0;
  std::int64_t size = 0;                // residues
  std::vector<std::int64_t> templates;  // rows to keep, in this order
};
// Cuts the residue dimension of every feature in the schema, takes the chosen templates and sets seq_length.
void crop(TensorDict& features, const Crop& crop);

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
// A feature filled up with zeros; itself where there is nothing to fill.
at::Tensor padded(const std::string& name, const at::Tensor& tensor, const PaddedSize& size);
// Fills every feature up with zeros. Throws Error for a feature that is larger already.
void pad(TensorDict& features, const PaddedSize& size);

}  // namespace foldperf::trainer

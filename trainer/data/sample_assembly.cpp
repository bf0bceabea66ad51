#include "trainer/data/sample_assembly.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "trainer/data/cluster_counts.hpp"
#include "trainer/data/tensor_block.hpp"

namespace foldperf::trainer {

namespace {

// A plan of a sample's tensors, and then the tensors, uninitialised.
class SampleBlock {
 public:
  void add(TensorDict& dict, const std::string& name, at::ScalarType type, std::vector<std::int64_t> shape) {
    const std::int64_t offset = layout_.add(type, shape);
    places_.push_back({&dict[name], type, std::move(shape), offset});
  }
  // The tensors, under their names in their dictionaries; returns their block.
  [[nodiscard]] at::Tensor make() const {
    const at::Tensor bytes = torch::empty({layout_.size()}, torch::kUInt8);
    for (const Place& place : places_) *place.tensor = tensor_at(bytes, place.offset, place.type, place.shape);
    return bytes;
  }

 private:
  struct Place {
    at::Tensor* tensor;
    at::ScalarType type;
    std::vector<std::int64_t> shape;
    std::int64_t offset;
  };
  BlockLayout layout_;
  std::vector<Place> places_;
};

at::ScalarType count_type(std::int64_t largest) {
  if (largest <= std::numeric_limits<std::uint8_t>::max()) return torch::kUInt8;
  return largest <= std::numeric_limits<std::int16_t>::max() ? torch::kInt16 : torch::kInt32;
}

// What a pass writes of the sample's tensors [P, ...].
struct PassPlace {
  const TensorDict& varying;
  std::size_t pass;

  [[nodiscard]] at::Tensor tensor(const char* name) const {
    return varying.at(name).select(0, static_cast<std::int64_t>(pass));
  }
  // `count` rows over the crop, then `empty` up to the last row of the pass.
  template <typename Number, typename RowOf>
  void copy_rows(const char* name, std::size_t count, Number empty, const RowOf& row_of) const {
    const at::Tensor& all = varying.at(name);  // [P, rows, residues]
    const std::int64_t size = all.size(2), numbers = all.size(1) * size;
    Number* out = all.mutable_data_ptr<Number>() + static_cast<std::int64_t>(pass) * numbers;
    Number* end = out + numbers;
    for (std::size_t i = 0; i < count; ++i) out = std::copy_n(row_of(i), size, out);
    std::fill(out, end, empty);
  }
  void set(const char* name, std::int64_t value) const {
    varying.at(name).mutable_data_ptr<std::int32_t>()[pass] = static_cast<std::int32_t>(value);
  }
};

void copy_sampled_rows(const PassRows& pass, const AlignmentView& alignment, const Crop& crop, const PassPlace& place) {
  const auto sampled = static_cast<std::size_t>(pass.sampled);
  place.set("msa_rows", pass.sampled);
  place.copy_rows<std::uint8_t>("msa", sampled, no_residue, [&](std::size_t s) {
    return pass.msa.data() + static_cast<std::int64_t>(s) * alignment.length + crop.start;
  });
  place.copy_rows<std::uint8_t>("true_msa", sampled, 0,
                                [&](std::size_t s) { return alignment.row(pass.rows[s]) + crop.start; });
  place.copy_rows<std::int16_t>("deletions", sampled, 0,
                                [&](std::size_t s) { return alignment.row_deletions(pass.rows[s]) + crop.start; });
  place.copy_rows<std::uint8_t>("bert_mask", 0, 0, [](std::size_t) -> const std::uint8_t* { return nullptr; });
  std::uint8_t* mask = place.tensor("bert_mask").mutable_data_ptr<std::uint8_t>();
  for (const std::int64_t masked : pass.masked.places) {
    const std::int64_t row = masked / alignment.length, residue = masked % alignment.length - crop.start;
    if (residue >= 0 && residue < crop.size) mask[row * crop.size + residue] = 1;
  }
}

void copy_extra_rows(const PassRows& pass, const AlignmentView& alignment, const Crop& crop, const PassPlace& place) {
  const auto row_of = [&](std::size_t e) { return pass.rows[static_cast<std::size_t>(pass.sampled + pass.extra[e])]; };
  place.set("extra_rows", static_cast<std::int64_t>(pass.extra.size()));
  place.copy_rows<std::uint8_t>("extra_msa", pass.extra.size(), 0,
                                [&](std::size_t e) { return alignment.row(row_of(e)) + crop.start; });
  place.copy_rows<std::int16_t>("extra_deletions", pass.extra.size(), 0,
                                [&](std::size_t e) { return alignment.row_deletions(row_of(e)) + crop.start; });
}

// The features of the whole chain that a sample has, in their places.
void copy_fixed(const TensorDict& features, const Crop& crop, const TensorDict& fixed) {
  for (const auto& [name, place] : fixed) {
    if (name == "seq_length") {
      *place.mutable_data_ptr<std::int64_t>() = crop.size;
    } else {
      copy_crop(place, feature_schema().at(name), features.at(name), crop);
    }
  }
}

}  // namespace

CompactSample assemble_sample(const TensorDict& features, const AlignmentView& alignment,
                              const std::vector<PassRows>& pass_rows, const Crop& crop, const PaddedSize& size,
                              const AssemblyOptions& options) {
  CompactSample sample;
  sample.passes = options.passes;
  sample.size = size;
  SampleBlock block;
  for (const auto& [name, tensor] : features) {
    const auto found = feature_schema().find(name);
    if (found == feature_schema().end() || name == "seq_length") continue;
    auto shape = cropped_shape(found->second, tensor.sizes(), crop);
    auto filled_up = padded_shape(name, shape, size);  // throws where the shape is wrong
    block.add(sample.fixed, name, tensor.scalar_type(), std::move(is_of_templates(found->second) ? shape : filled_up));
  }
  block.add(sample.fixed, "seq_length", torch::kInt64, {});
  std::int64_t rows = 0, extra_rows = 0, largest = 0;
  for (const PassRows& pass : pass_rows) {
    rows = std::max(rows, pass.sampled);
    extra_rows = std::max(extra_rows, static_cast<std::int64_t>(pass.extra.size()));
    if (options.cluster_features) largest = std::max(largest, largest_cluster(pass));
  }
  if ((size.msa_rows != 0 && rows > size.msa_rows) || (size.extra_msa_rows != 0 && extra_rows > size.extra_msa_rows))
    throw Error("a recycling pass has more rows than fit");
  const auto count = static_cast<std::int64_t>(pass_rows.size());
  const auto add = [&](const char* name, at::ScalarType type, std::vector<std::int64_t> shape) {
    shape.insert(shape.begin(), count);
    block.add(sample.varying, name, type, std::move(shape));
  };
  add("msa_rows", torch::kInt32, {});
  for (const char* name : {"msa", "true_msa", "bert_mask"}) add(name, torch::kUInt8, {rows, crop.size});
  add("deletions", torch::kInt16, {rows, crop.size});
  if (options.cluster_features) {
    add("cluster_members", torch::kInt32, {rows});
    add("cluster_counts", count_type(largest), {rows, crop.size, msa_classes});
    add("cluster_deletions", torch::kInt32, {rows, crop.size});
  }
  if (options.extra_rows) {
    add("extra_rows", torch::kInt32, {});
    add("extra_msa", torch::kUInt8, {extra_rows, crop.size});
    add("extra_deletions", torch::kInt16, {extra_rows, crop.size});
  }

  sample.bytes = block.make();
  copy_fixed(features, crop, sample.fixed);
  for (std::size_t p = 0; p < pass_rows.size(); ++p) {
    const PassPlace place{sample.varying, p};
    copy_sampled_rows(pass_rows[p], alignment, crop, place);
    if (options.extra_rows) copy_extra_rows(pass_rows[p], alignment, crop, place);
    if (options.cluster_features) {
      summarize_clusters(pass_rows[p], alignment, crop.start, place.tensor("cluster_members"),
                         place.tensor("cluster_counts"), place.tensor("cluster_deletions"));
    }
  }
  return sample;
}

}  // namespace foldperf::trainer

#include "trainer/data/sample_assembly.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "trainer/data/cluster_counts.hpp"
#include "trainer/data/tensor_block.hpp"

namespace foldperf::trainer {

namespace {

struct Place {
  TensorDict* dict;
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::int64_t offset;
};

// A plan of a sample's tensors, and then the tensors, uninitialised.
class SampleBlock {
 public:
  void add(TensorDict& dict, const std::string& name, at::ScalarType type, std::vector<std::int64_t> shape) {
    const std::int64_t offset = layout_.add(type, shape);
    places_.push_back({&dict, name, type, std::move(shape), offset});
  }
  // The tensors, under their names in their dictionaries; returns their block.
  at::Tensor make() const {
    const at::Tensor bytes = torch::empty({layout_.size()}, torch::kUInt8);
    for (const Place& place : places_)
      (*place.dict)[place.name] = tensor_at(bytes, place.offset, place.type, place.shape);
    return bytes;
  }

 private:
  BlockLayout layout_;
  std::vector<Place> places_;
};

bool has_templates_first(const std::string& name) {
  const auto& dimensions = feature_schema().at(name);
  return !dimensions.empty() && dimensions.front() == Dimension::templates;
}

// A tensor to the front of a place that has as many or more elements; zeros behind it.
void fill_front(const at::Tensor& place, const at::Tensor& tensor) {
  auto* to = static_cast<char*>(place.mutable_data_ptr());
  const at::Tensor source = tensor.contiguous();
  std::memcpy(to, source.const_data_ptr(), source.nbytes());
  std::memset(to + source.nbytes(), 0, place.nbytes() - source.nbytes());
}

at::ScalarType count_type(std::int64_t largest) {
  if (largest <= std::numeric_limits<std::uint8_t>::max()) return torch::kUInt8;
  return largest <= std::numeric_limits<std::int16_t>::max() ? torch::kInt16 : torch::kInt32;
}

// Rows [chosen] of the alignment, over a crop, then `empty` up to the end of the tensor [S, L].
template <typename Number, typename RowOf>
void copy_rows(const at::Tensor& tensor, std::size_t chosen, Number empty, const RowOf& row_of) {
  const std::int64_t size = tensor.size(1);
  Number* out = tensor.mutable_data_ptr<Number>();
  Number* end = out + tensor.numel();
  for (std::size_t i = 0; i < chosen; ++i, out += size)
    std::memcpy(out, row_of(i), sizeof(Number) * static_cast<std::size_t>(size));
  std::fill(out, end, empty);
}

void copy_sampled_rows(const PassRows& pass, const AlignmentView& alignment, std::int64_t start, const auto& tensor) {
  const auto sampled = static_cast<std::size_t>(pass.sampled);
  tensor("msa_rows").fill_(pass.sampled);
  copy_rows<std::uint8_t>(tensor("msa"), sampled, no_residue, [&](std::size_t s) {
    return pass.msa.data() + static_cast<std::int64_t>(s) * alignment.length + start;
  });
  copy_rows<std::uint8_t>(tensor("true_msa"), sampled, 0,
                          [&](std::size_t s) { return alignment.row(pass.rows[s]) + start; });
  copy_rows<std::int16_t>(tensor("deletions"), sampled, 0,
                          [&](std::size_t s) { return alignment.row_deletions(pass.rows[s]) + start; });
  const at::Tensor bert_mask = tensor("bert_mask");
  const std::int64_t size = bert_mask.size(1);
  auto* mask = bert_mask.template mutable_data_ptr<std::uint8_t>();
  std::memset(mask, 0, bert_mask.nbytes());
  for (const std::int64_t place : pass.masked.places) {
    const std::int64_t row = place / alignment.length, position = place % alignment.length - start;
    if (position >= 0 && position < size) mask[row * size + position] = 1;
  }
}

void copy_extra_rows(const PassRows& pass, const AlignmentView& alignment, std::int64_t start, const auto& tensor) {
  const auto row_of = [&](std::size_t e) { return pass.rows[static_cast<std::size_t>(pass.sampled + pass.extra[e])]; };
  tensor("extra_rows").fill_(static_cast<std::int64_t>(pass.extra.size()));
  copy_rows<std::uint8_t>(tensor("extra_msa"), pass.extra.size(), 0,
                          [&](std::size_t e) { return alignment.row(row_of(e)) + start; });
  copy_rows<std::int16_t>(tensor("extra_deletions"), pass.extra.size(), 0,
                          [&](std::size_t e) { return alignment.row_deletions(row_of(e)) + start; });
}

}  // namespace

CompactSample assemble_sample(const TensorDict& fixed, const AlignmentView& alignment,
                              const std::vector<PassRows>& pass_rows, const Crop& crop, const PaddedSize& size,
                              const AssemblyOptions& options) {
  CompactSample sample;
  sample.passes = options.passes;
  sample.size = size;
  SampleBlock block;
  for (const auto& [name, tensor] : fixed) {
    if (feature_schema().count(name) == 0) continue;
    const auto shape = padded_shape(name, tensor.sizes(), size);  // checked for templates, too
    block.add(sample.fixed, name, tensor.scalar_type(), has_templates_first(name) ? tensor.sizes().vec() : shape);
  }
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
  for (const auto& [name, place] : sample.fixed) fill_front(place, fixed.at(name));
  for (std::size_t p = 0; p < pass_rows.size(); ++p) {
    const auto tensor = [&](const char* name) {
      return sample.varying.at(name).select(0, static_cast<std::int64_t>(p));
    };
    copy_sampled_rows(pass_rows[p], alignment, crop.start, tensor);
    if (options.extra_rows) copy_extra_rows(pass_rows[p], alignment, crop.start, tensor);
    if (options.cluster_features) {
      summarize_clusters(pass_rows[p], alignment, crop.start, tensor("cluster_members"), tensor("cluster_counts"),
                         tensor("cluster_deletions"));
    }
  }
  return sample;
}

}  // namespace foldperf::trainer

#include "trainer/data/crop.hpp"

#include <algorithm>
#include <cstring>

#include "core/error.hpp"

namespace foldperf::trainer {

bool is_of_templates(const std::vector<Dimension>& dimensions) {
  return !dimensions.empty() && dimensions.front() == Dimension::templates;
}

std::vector<std::int64_t> cropped_shape(const std::vector<Dimension>& dimensions, at::IntArrayRef sizes,
                                        const Crop& crop) {
  auto shape = sizes.vec();
  for (std::size_t i = 0; i < std::min(dimensions.size(), shape.size()); ++i) {
    if (dimensions[i] == Dimension::residues) shape[i] = crop.size;
    if (dimensions[i] == Dimension::templates) shape[i] = static_cast<std::int64_t>(crop.templates.size());
  }
  return shape;
}

void copy_crop(const at::Tensor& place, const std::vector<Dimension>& dimensions, const at::Tensor& feature,
               const Crop& crop) {
  const at::Tensor source = feature.contiguous();
  const auto bytes = static_cast<std::int64_t>(source.nbytes());
  const bool of_templates = is_of_templates(dimensions);
  const std::size_t residues = of_templates ? 1 : 0;  // their dimension
  const bool has_residues = dimensions.size() > residues && dimensions[residues] == Dimension::residues;
  const std::int64_t rows = of_templates ? source.size(0) : 1;
  const std::int64_t row_bytes = rows == 0 ? 0 : bytes / rows;
  std::int64_t start = 0, size = row_bytes;
  if (has_residues && row_bytes > 0) {
    const std::int64_t length = source.size(static_cast<std::int64_t>(residues));
    start = row_bytes / length * crop.start;
    size = row_bytes / length * crop.size;
  }
  const auto* from = static_cast<const char*>(source.const_data_ptr());
  auto* to = static_cast<char*>(place.mutable_data_ptr());
  const char* end = to + place.nbytes();
  const auto copy_row = [&](std::int64_t row) {
    if (row < 0 || row >= rows || start + size > row_bytes || to + size > end)
      throw Error("a crop is not in its chain");
    std::memcpy(to, from + row * row_bytes + start, static_cast<std::size_t>(size));
    to += size;
  };
  if (of_templates) {
    std::for_each(crop.templates.begin(), crop.templates.end(), copy_row);
  } else {
    copy_row(0);
  }
  if (to != end) std::memset(to, 0, static_cast<std::size_t>(end - to));
}

}  // namespace foldperf::trainer

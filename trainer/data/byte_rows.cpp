#include "trainer/data/byte_rows.hpp"

#include <algorithm>

namespace foldperf::trainer {

namespace {

constexpr std::int64_t lanes = 32;
using Lanes = std::uint8_t __attribute__((vector_size(lanes), aligned(1), may_alias));

// Places where two rows are equal. Each lane counts to at most 255 before its count is taken over.
inline std::int32_t agreement(const std::uint8_t* a, const std::uint8_t* b, std::int64_t stride) {
  std::int32_t total = 0;
  for (std::int64_t start = 0; start < stride; start += 255 * lanes) {
    const std::int64_t end = std::min(stride, start + 255 * lanes);
    Lanes counts{};
    for (std::int64_t i = start; i < end; i += lanes) {
      const Lanes left = *reinterpret_cast<const Lanes*>(a + i);
      const Lanes right = *reinterpret_cast<const Lanes*>(b + i);
      counts -= reinterpret_cast<Lanes>(left == right);  // equal lanes are -1
    }
    for (std::int64_t lane = 0; lane < lanes; ++lane) total += counts[lane];
  }
  return total;
}

}  // namespace

ByteRows::ByteRows(const at::Tensor& msa, std::int64_t classes, std::uint8_t never)
    : rows_(msa.size(0)), stride_((msa.size(1) + lanes - 1) / lanes * lanes) {
  const at::Tensor source = msa.contiguous();
  const std::int64_t length = msa.size(1);
  const std::int64_t* from = source.const_data_ptr<std::int64_t>();
  bytes_.assign(static_cast<std::size_t>(rows_ * stride_), never);
  for (std::int64_t r = 0; r < rows_; ++r, from += length) {
    std::transform(from, from + length, bytes_.begin() + r * stride_,
                   [=](std::int64_t value) { return value < classes ? static_cast<std::uint8_t>(value) : never; });
  }
}

// Compiled twice; the machine's better one is chosen when the program starts.
__attribute__((target_clones("avx2", "default"))) std::int64_t most_alike(const ByteRows& centers,
                                                                          const std::uint8_t* row) {
  std::int32_t best = -1;
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < centers.rows(); ++i) {
    const std::int32_t shared = agreement(centers.row(i), row, centers.stride());
    if (shared <= best) continue;
    best = shared;
    found = i;
  }
  return found;
}

}  // namespace foldperf::trainer

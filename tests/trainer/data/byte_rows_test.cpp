#include "trainer/data/byte_rows.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdint>

namespace foldperf::trainer {
namespace {

constexpr std::int64_t classes = 21;  // gap and mask token do not count

// The definition, place by place.
std::int64_t most_alike_by_definition(const at::Tensor& centers, const at::Tensor& row) {
  const at::Tensor equal = (centers == row.unsqueeze(0)) & (row < classes).unsqueeze(0);
  const at::Tensor shared = equal.sum(1);
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < shared.size(0); ++i) {
    if (shared[i].item<std::int64_t>() > shared[best].item<std::int64_t>()) best = i;
  }
  return best;
}

// Lengths around the 32 residues compared at once, and beyond the 8,160 that one byte can count.
TEST(ByteRows, FindTheFirstOfTheRowsThatShareMost) {
  torch::manual_seed(7);
  for (const std::int64_t length : {1, 31, 32, 33, 100, 8160, 8200, 17000}) {
    const at::Tensor centers = torch::randint(0, 23, {6, length}, torch::kInt64);
    at::Tensor rows = torch::randint(0, 23, {9, length}, torch::kInt64);
    rows[3] = centers[4];
    rows[5].fill_(21);  // gaps only: the first center
    const ByteRows center_bytes(centers, classes, 0xFF), row_bytes(rows, classes, 0xFE);
    ASSERT_EQ(center_bytes.stride(), row_bytes.stride());
    for (std::int64_t r = 0; r < rows.size(0); ++r) {
      EXPECT_EQ(most_alike(center_bytes, row_bytes.row(r)), most_alike_by_definition(centers, rows[r]))
          << "length " << length << ", row " << r;
    }
  }
}

TEST(ByteRows, RoomBehindTheEndIsNeverEqual) {
  const at::Tensor one = torch::zeros({2, 3}, torch::kInt64);
  const ByteRows a(one, classes, 0xFF), b(one, classes, 0xFE);
  for (std::int64_t i = 3; i < a.stride(); ++i) EXPECT_NE(a.row(0)[i], b.row(0)[i]);
}

}  // namespace
}  // namespace foldperf::trainer

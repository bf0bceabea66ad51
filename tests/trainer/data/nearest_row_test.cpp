#include "trainer/data/nearest_row.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace foldperf::trainer {
namespace {

using Residues = std::vector<std::uint8_t>;
constexpr std::uint8_t gap = 21;  // gaps and the mask token (22) do not count

// The definition, place by place.
std::int64_t nearest_by_definition(const Residues& rows, const Residues& row) {
  std::int64_t found = 0, most = -1;
  for (std::size_t r = 0; r < rows.size() / row.size(); ++r) {
    std::int64_t shared = 0;
    for (std::size_t i = 0; i < row.size(); ++i) shared += row[i] < gap && rows[r * row.size() + i] == row[i];
    if (shared <= most) continue;
    most = shared;
    found = static_cast<std::int64_t>(r);
  }
  return found;
}

// Numbers of rows around those of a word and of a register, lengths around the 16 positions added up at a time, and
// sums of up to 12 bits.
TEST(NearestRow, IsTheFirstOfThoseThatShareMost) {
  std::mt19937 random(7);
  const auto fill = [&](Residues& residues, std::uint32_t types) {
    for (std::uint8_t& residue : residues) residue = static_cast<std::uint8_t>(random() % types);
  };
  for (const std::size_t count : {1, 63, 65, 128, 129, 256, 257, 508}) {
    for (const std::size_t length : {1, 15, 16, 17, 31, 93, 2100}) {
      Residues rows(count * length), row(length);
      for (const std::uint32_t types : {2, 23}) {  // of two types only: many rows are equally near
        fill(rows, types);
        NearestRow nearest(rows.data(), static_cast<std::int64_t>(count), static_cast<std::int64_t>(length));
        for (int trial = 0; trial < 6; ++trial) {
          fill(row, types);
          if (trial == 3) row.assign(length, gap);  // like none: the first
          if (trial > 3) row.assign(rows.end() - static_cast<std::ptrdiff_t>(length), rows.end());
          if (trial == 5) row[length / 2] = 22;
          EXPECT_EQ(nearest.find(row.data()), nearest_by_definition(rows, row))
              << count << " rows, length " << length << ", trial " << trial;
        }
      }
    }
  }
}

}  // namespace
}  // namespace foldperf::trainer

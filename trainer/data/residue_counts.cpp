#include "trainer/data/residue_counts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t profile_types = 22;  // residues, unknown, gap

}  // namespace

bool to_aatype_order(const std::uint8_t* from, std::int64_t count, std::uint8_t* to) {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t i = 0; i < hhblits_to_residue().size(); ++i)
    table[i] = static_cast<std::uint8_t>(hhblits_to_residue()[i]);
  std::uint8_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, from[i]);
    to[i] = table[from[i]];
  }
  return largest < profile_types;
}

void count_residues(const std::uint8_t* residues, std::int64_t rows, std::int64_t length, std::int32_t* counts) {
  for (std::int64_t row = 0; row < rows; ++row, residues += length) {
    for (std::int64_t i = 0; i < length; ++i) ++counts[i * profile_types + residues[i]];
  }
}

}  // namespace foldperf::trainer

// Which of some rows shares most residues with another row: the costliest question of a deep alignment's preparation
// (every extra row against every cluster).
//
// For each position and residue a word of bits says which of the rows have it there. The words that another row picks,
// one a position, are added up bit by bit (a bit of the sum for each of the rows) by carry-save adders: five logical
// operations a position for 128 or 256 rows, where comparing byte by byte takes them for each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foldperf::trainer {

class NearestRow {
 public:
  // rows [count, length], count at least 1, as residues in aatype's order; gaps and masks are like nothing.
  NearestRow(const std::uint8_t* rows, std::int64_t count, std::int64_t length);

  // The row that equals `row` [length] (numbers below 23) in most positions; the first of equals.
  [[nodiscard]] std::int64_t find(const std::uint8_t* row);

 private:
  std::int64_t count_;
  std::int64_t length_;
  std::int64_t words_;               // of 64 rows each, for a position and residue
  std::size_t planes_ = 0;           // bits of a sum
  std::vector<std::uint64_t> bits_;  // [length, filled up to whole groups; 23; words]
  std::vector<std::uint64_t> sums_;  // [planes, words]: of the row at hand
  std::vector<std::uint64_t> best_;  // [words]
};

}  // namespace foldperf::trainer

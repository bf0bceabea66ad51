// Loops over all residues of a deep alignment.
#pragma once

#include <cstdint>

namespace foldperf::trainer {

// Residues from HHblits' order to aatype's. False where one is no number below 22.
bool to_aatype_order(const std::uint8_t* from, std::int64_t count, std::uint8_t* to);

// Adds up residues [rows, length], numbers below 22, into counts [length, 22].
void count_residues(const std::uint8_t* residues, std::int64_t rows, std::int64_t length, std::int32_t* counts);

}  // namespace foldperf::trainer

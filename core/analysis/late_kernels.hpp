// Sums of kernels that came after their step was written: they are added to its rows of summary_kernels.
//
// The rows of a rank are read through once for many such sums, so that the table, which may have a row for each kernel,
// needs no index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/analysis/kernel_summary.hpp"
#include "core/database/sqlite.hpp"

namespace foldperf::analysis {

class LateKernels {
 public:
  // most_groups: how many are kept before the rows are read through.
  LateKernels(database::sqlite::Connection& run, std::int64_t rank, std::size_t most_groups = 200'000);

  void add(const KernelSum& sum);
  // Adds what is kept to the rows of its groups; groups without a row get one. Throws SqliteError.
  void write();

 private:
  database::sqlite::Connection& run_;
  std::int64_t rank_;
  std::int64_t before_;  // the last row that is not of this rank's kernels
  std::size_t most_groups_;
  std::map<KernelGroup, KernelSum> sums_;
};

// Writes a row of summary_kernels.
class KernelRows {
 public:
  explicit KernelRows(database::sqlite::Connection& run);
  void add(std::int64_t rank, const KernelSum& sum);

 private:
  database::sqlite::Statement add_;
};

}  // namespace foldperf::analysis

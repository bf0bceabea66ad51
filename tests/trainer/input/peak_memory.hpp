// Counts the memory that operator new hands out. A program with peak_memory.cpp in it has those operators replaced.
#pragma once

#include <cstddef>

namespace foldperf::testing {

// The most bytes held at once since it was made, above those held then. One at a time, and in one thread.
class PeakMemory {
 public:
  PeakMemory();
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::size_t start_;
};

}  // namespace foldperf::testing

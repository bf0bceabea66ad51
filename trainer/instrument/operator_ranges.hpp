// A range of category "op" for every ATen operator (switch profile.operators): on a machine without GPU these are the
// kernels. Costs about a microsecond an operator while a tool listens, so it is off unless asked for.
#pragma once

#include <cstdint>

namespace foldperf::trainer {

class OperatorRanges {
 public:
  OperatorRanges();
  ~OperatorRanges();
  OperatorRanges(const OperatorRanges&) = delete;
  OperatorRanges& operator=(const OperatorRanges&) = delete;

 private:
  std::uint64_t handle_;
};

}  // namespace foldperf::trainer

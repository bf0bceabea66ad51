// What several tests of trainer/data share.
#pragma once

#include "tests/support/errors.hpp"

namespace foldperf::testing {

inline constexpr double element_wise_limit = 1e-5;  // of element-wise functions (the golden set's README)

}  // namespace foldperf::testing

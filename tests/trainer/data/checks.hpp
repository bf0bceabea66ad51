// What several tests of trainer/data share.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"

namespace foldperf::testing {

inline constexpr double element_wise_limit = 1e-5;  // of element-wise functions (the golden set's README)

// The message of the InputError that `function` must throw.
template <typename Function>
std::string input_error(Function&& function) {
  try {
    function();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no InputError";
  return {};
}

}  // namespace foldperf::testing

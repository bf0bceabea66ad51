// What several tests of trainer/data share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "core/error.hpp"

namespace foldperf::testing {

inline constexpr double element_wise_limit = 1e-5;  // of element-wise functions (the golden set's README)

// The name of a golden case, as GoogleTest allows names.
inline std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

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

// What a function that must fail says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"

namespace foldperf::testing {

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

// What a function that must fail says.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace foldperf::testing {

// The message of the exception of type E that `function` must throw.
template <typename E, typename Function>
std::string message_of(Function&& function) {
  try {
    function();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no exception";
  return {};
}

template <typename Function>
std::string input_error(Function&& function) {
  return message_of<InputError>(std::forward<Function>(function));
}

}  // namespace foldperf::testing

// The sizes of a tensor as messages show them: "[2, 3]".
#pragma once

#include <ATen/core/Tensor.h>

#include <sstream>
#include <string>

namespace foldperf::trainer {

inline std::string shape_text(at::IntArrayRef sizes) {
  std::ostringstream text;
  text << sizes;
  return text.str();
}

}  // namespace foldperf::trainer

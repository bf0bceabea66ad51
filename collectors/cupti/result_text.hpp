// What a result of CUPTI means, for people: "CUPTI_ERROR_NOT_INITIALIZED (15)".
#pragma once

#include <string>

#include "collectors/cupti/api.hpp"

namespace foldperf::collectors {

inline std::string text_of(const CuptiApi& api, CUptiResult result) {
  const char* text = nullptr;
  if (api.GetResultString != nullptr) api.GetResultString(result, &text);
  return (text != nullptr ? std::string(text) + " (" : std::string("(")) + std::to_string(static_cast<int>(result)) +
         ")";
}

}  // namespace foldperf::collectors

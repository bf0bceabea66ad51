#include "collectors/cupti/api_filter.hpp"

#include <algorithm>
#include <array>

namespace foldperf::collectors {

bool is_worth_recording(std::string_view name) {
  static constexpr std::array<std::string_view, 7> words{
      "LaunchKernel", "LaunchCooperativeKernel", "GraphLaunch", "Memcpy", "Memset", "Synchronize", "StreamWaitEvent"};
  // Making a graph's nodes and asking for attributes is neither a copy nor a launch.
  static constexpr std::array<std::string_view, 4> others{"GraphAdd", "GraphExec", "Node", "Attribute"};
  const auto in_name = [name](std::string_view word) { return name.find(word) != std::string_view::npos; };
  return std::any_of(words.begin(), words.end(), in_name) && std::none_of(others.begin(), others.end(), in_name);
}

std::string_view without_version(std::string_view name) {
  const std::size_t at = name.rfind("_v");
  if (at == std::string_view::npos || at + 2 == name.size()) return name;
  const std::string_view digits = name.substr(at + 2);
  // cuMemcpy_v2 is the driver's own name; the runtime's versions have four digits or more.
  const bool version =
      digits.size() >= 4 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return version ? name.substr(0, at) : name;
}

}  // namespace foldperf::collectors

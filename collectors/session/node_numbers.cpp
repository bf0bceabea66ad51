#include "collectors/session/node_numbers.hpp"

#include <cstddef>
#include <exception>
#include <new>

namespace foldperf::collectors {
namespace {

// A graph with more nodes than this is none.
constexpr std::uint32_t most_nodes = 1U << 24;

}  // namespace

NodeNumbers& NodeNumbers::instance() {
  alignas(NodeNumbers) static std::byte place[sizeof(NodeNumbers)];
  static NodeNumbers* const numbers = new (place) NodeNumbers;
  return *numbers;
}

std::uint32_t NodeNumbers::of(std::uint64_t node) noexcept try {
  const auto graph = static_cast<std::uint32_t>(node >> 32);
  const auto place = static_cast<std::uint32_t>(node);
  if (place >= most_nodes || node == 0) return 0;
  std::vector<std::uint32_t>& numbers = by_graph_[graph];
  if (place >= numbers.size()) numbers.resize(place + 1 + place / 2);
  if (numbers[place] == 0) numbers[place] = ++last_;
  return numbers[place];
} catch (const std::exception&) {
  return 0;
}

}  // namespace foldperf::collectors

// Short ways to write ranges by hand in tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/analysis/ranges.hpp"

namespace foldperf::analysis {

// Collects ranges of rank 0, thread 1, unless told otherwise.
class Hand {
 public:
  Hand& add(RangeClass c, std::string_view name, std::int64_t start, std::optional<std::int64_t> end,
            std::int64_t payload = no_payload) {
    builder_.add(rank_, thread_, name, c, start, end, payload);
    return *this;
  }
  Hand& step(std::int64_t number, std::int64_t start, std::optional<std::int64_t> end) {
    return add(RangeClass::step, "step", start, end, number);
  }
  Hand& phase(std::string_view name, std::int64_t start, std::int64_t end) {
    return add(RangeClass::phase, name, start, end);
  }
  Hand& module(std::string_view path, std::int64_t start, std::int64_t end) {
    return add(RangeClass::module, path, start, end);
  }
  Hand& backward(std::string_view path, std::int64_t start, std::int64_t end) {
    return add(RangeClass::module_backward, path, start, end);
  }
  Hand& op(std::string_view name, std::int64_t start, std::int64_t end) {
    return add(RangeClass::op, name, start, end);
  }
  Hand& other(std::string_view name, std::int64_t start, std::int64_t end) {
    return add(RangeClass::other, name, start, end);
  }
  Hand& on(int rank, std::int64_t thread) {
    rank_ = rank;
    thread_ = thread;
    return *this;
  }
  RangeSet set() { return builder_.finish(); }

 private:
  RangeSetBuilder builder_;
  int rank_ = 0;
  std::int64_t thread_ = 1;
};

}  // namespace foldperf::analysis

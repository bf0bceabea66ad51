// Ranges as objects: pushed when made, popped when they go out of scope, exceptions included.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/facts/facts.hpp"
#include "trainer/instrument/range_sink.hpp"

namespace foldperf::trainer {

class Range {
 public:
  Range(facts::Category category, const Label& label, std::optional<std::int64_t> payload = std::nullopt)
      : pushed_(instrumentation_enabled()) {
    if (pushed_) range_sink().push(category, label, payload);
  }
  ~Range() {
    if (pushed_) range_sink().pop();
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  bool pushed_;
};

// One of facts::phase: `PhaseRange phase(facts::phase::forward);`
class PhaseRange : public Range {
 public:
  explicit PhaseRange(std::string_view phase);
};

// A training step, numbered from 0. Forgets what was recorded for the backward pass of earlier steps.
class StepRange : public Range {
 public:
  explicit StepRange(std::int64_t step);
};

// One forward pass of the recycling loop, numbered from 0.
class RecyclingPassRange : public Range {
 public:
  explicit RecyclingPassRange(std::int64_t pass);
};

// The backward phase: also closes, on this thread, module ranges that a backward pass which threw left open.
class BackwardPhaseRange {
 public:
  BackwardPhaseRange();
  ~BackwardPhaseRange();
  BackwardPhaseRange(const BackwardPhaseRange&) = delete;
  BackwardPhaseRange& operator=(const BackwardPhaseRange&) = delete;

 private:
  PhaseRange phase_;
};

// Hands a fact to whoever profiles this process (a mark of category "fact").
void emit_fact(const facts::Fact& fact);

}  // namespace foldperf::trainer

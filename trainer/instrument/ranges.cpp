#include "trainer/instrument/ranges.hpp"

#include "trainer/instrument/backward_ranges.hpp"

namespace foldperf::trainer {

namespace {

const Label& step_label() {
  static const Label label("step");
  return label;
}

const Label& recycling_pass_label() {
  static const Label label("recycling_pass");
  return label;
}

}  // namespace

PhaseRange::PhaseRange(std::string_view phase)
    : Range(facts::Category::phase, instrumentation_enabled() ? Label(phase) : Label()) {}

StepRange::StepRange(std::int64_t step) : Range(facts::Category::step, step_label(), step) {
  if (instrumentation_enabled()) forget_forward_scopes();
}

RecyclingPassRange::RecyclingPassRange(std::int64_t pass)
    : Range(facts::Category::recycling_pass, recycling_pass_label(), pass) {}

BackwardPhaseRange::BackwardPhaseRange() : phase_(facts::phase::backward) {}

BackwardPhaseRange::~BackwardPhaseRange() {
  if (instrumentation_enabled()) close_backward_ranges();
}

void emit_fact(const facts::Fact& fact) {
  if (instrumentation_enabled()) range_sink().mark(facts::Category::fact, facts::to_json(fact));
}

}  // namespace foldperf::trainer

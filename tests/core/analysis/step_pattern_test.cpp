// Steps found in made-up sequences of kernels.
#include "core/analysis/step_pattern.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace foldperf::analysis {
namespace {

// Writes kernels one behind the other, a microsecond each.
class Trace {
 public:
  Trace& run(std::uint32_t symbol, bool whole = false, std::uint32_t stream = 0) {
    events.push_back({now_, now_ + 900, symbol, stream, whole});
    now_ += 1000;
    return *this;
  }
  Trace& runs(std::initializer_list<std::uint32_t> symbols) {
    for (const std::uint32_t symbol : symbols) run(symbol);
    return *this;
  }
  Trace& idle(std::int64_t ns) {
    now_ += ns;
    return *this;
  }
  [[nodiscard]] std::int64_t now() const { return now_; }
  std::vector<PatternEvent> events;

 private:
  std::int64_t now_ = 0;
};

constexpr std::uint32_t embed = 1, layer_a = 10, layer_b = 11, layer_c = 12, loss = 20, back_a = 30, back_b = 31,
                        adam_a = 40, adam_b = 41, metric = 50;

void forward(Trace& trace, int layers) {
  trace.run(embed);
  for (int i = 0; i < layers; ++i) trace.runs({layer_a, layer_b, layer_c, layer_a});
}
void step(Trace& trace, int layers = 6) {
  forward(trace, layers);
  trace.runs({loss, loss});
  for (int i = 0; i < layers; ++i) trace.runs({back_a, back_b, layer_a});
  trace.runs({adam_a, adam_b, adam_a});
}

void expect_steps(const StepPattern& found, const std::vector<std::int64_t>& starts,
                  const std::vector<std::int64_t>& ends, std::int64_t tolerance = 0) {
  ASSERT_EQ(found.steps.size(), starts.size());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(found.steps[i].start), static_cast<double>(starts[i]),
                static_cast<double>(tolerance))
        << i;
    EXPECT_NEAR(static_cast<double>(found.steps[i].end), static_cast<double>(ends[i]), static_cast<double>(tolerance))
        << i;
  }
}

TEST(StepPattern, CleanStepsAreFoundWholeAndNotTheirLayers) {
  Trace trace;
  std::vector<std::int64_t> starts, ends;
  for (int i = 0; i < 12; ++i) {
    starts.push_back(trace.now());
    step(trace);
    ends.push_back(trace.events.back().end);
    trace.idle(5000);
  }
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.95);
  expect_steps(found, starts, ends);
}

TEST(StepPattern, WithoutIdleTimeBetweenStepsTheyAreCountedAllTheSame) {
  Trace trace;
  for (int i = 0; i < 12; ++i) step(trace);
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.9);
  EXPECT_NEAR(static_cast<double>(found.steps.size()), 12, 1);
}

TEST(StepPattern, SettingUpBeforeTheFirstStepIsNotPartOfIt) {
  Trace trace;
  for (int i = 0; i < 300; ++i) trace.run(100 + static_cast<std::uint32_t>(i % 7));
  std::vector<std::int64_t> starts, ends;
  for (int i = 0; i < 10; ++i) {
    trace.idle(5000);
    starts.push_back(trace.now());
    step(trace);
    ends.push_back(trace.events.back().end);
  }
  expect_steps(find_step_pattern(trace.events), starts, ends, 6000);
}

TEST(StepPattern, EvaluationInBetweenIsNoStepAndNoPartOfOne) {
  Trace trace;
  std::vector<std::int64_t> starts, ends;
  for (int i = 0; i < 30; ++i) {
    starts.push_back(trace.now());
    step(trace);
    ends.push_back(trace.events.back().end);
    trace.idle(4000);
    if (i == 4 || i == 11 || i == 24) {
      for (int k = 0; k < 6 + i; ++k) {
        forward(trace, 6);
        trace.run(metric);
      }
      trace.idle(4000);
    }
  }
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.9);
  // Where a step follows an evaluation, its start is known to a few kernels.
  expect_steps(found, starts, ends, 6000);
}

TEST(StepPattern, LostStretchesCostConfidenceAndTheirSteps) {
  Trace trace;
  for (int i = 0; i < 60; ++i) {
    step(trace);
    trace.idle(4000);
  }
  auto events = trace.events;
  const auto lose = [&](std::size_t from, std::size_t count) {
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(from),
                 events.begin() + static_cast<std::ptrdiff_t>(from + count));
  };
  lose(1900, 130);
  lose(1000, 20);
  lose(333, 75);
  const StepPattern found = find_step_pattern(events);
  EXPECT_GT(found.confidence, 0.85);
  EXPECT_LT(found.confidence, 1.0);
  EXPECT_GE(found.steps.size(), 52U);
  EXPECT_LE(found.steps.size(), 60U);
}

TEST(StepPattern, TwoShapesThatAlternateAreStepsEach) {
  Trace trace;
  std::vector<std::int64_t> starts, ends;
  for (int i = 0; i < 20; ++i) {
    starts.push_back(trace.now());
    step(trace, i % 2 == 0 ? 3 : 9);
    ends.push_back(trace.events.back().end);
    trace.idle(4000);
  }
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.9);
  expect_steps(found, starts, ends);
}

TEST(StepPattern, GradientsGatheredOverFourPartsAreOneStep) {
  Trace trace;
  for (int i = 0; i < 10; ++i) {
    for (int part = 0; part < 4; ++part) {
      forward(trace, 3);
      trace.run(loss);
      for (int k = 0; k < 3; ++k) trace.runs({back_a, back_b});
      trace.idle(2000);
    }
    trace.runs({adam_a, adam_b, adam_a}).idle(2000);
  }
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.9);
  EXPECT_EQ(found.steps.size(), 10U);
}

TEST(StepPattern, OneGraphAStepIsEnough) {
  Trace trace;
  for (int i = 0; i < 25; ++i) trace.run(7, true).idle(300);
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GE(found.steps.size(), 24U);
  EXPECT_GT(found.confidence, 0.9);
}

TEST(StepPattern, AGraphBetweenOtherKernelsAndASecondStream) {
  Trace trace;
  std::mt19937 random(3);
  for (int i = 0; i < 25; ++i) {
    trace.runs({1, 2}).run(7, true);
    // What another stream does comes in between anywhere.
    const bool early = random() % 2 == 0;
    if (early) trace.run(90, false, 5);
    trace.run(3);
    if (!early) trace.run(90, false, 5);
    trace.run(4).idle(500);
  }
  const StepPattern found = find_step_pattern(trace.events);
  EXPECT_GT(found.confidence, 0.7);
  EXPECT_EQ(found.steps.size(), 25U);
}

TEST(StepPattern, OneKernelAgainAndAgainIsNoProgramOfSteps) {
  Trace trace;
  for (int i = 0; i < 500; ++i) trace.run(1);
  EXPECT_TRUE(find_step_pattern(trace.events).steps.empty());
}

TEST(StepPattern, RandomNoiseHasNoSteps) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Trace trace;
    const std::uint32_t kinds = 2 + seed % 30;
    // Some kinds are rare, as in a program.
    for (int i = 0; i < 4000; ++i) {
      const std::uint32_t a = random() % kinds, b = random() % kinds;
      trace.run(seed % 2 == 0 ? a : std::min(a, b));
      if (random() % 500 == 0) trace.run(1000);
    }
    EXPECT_TRUE(find_step_pattern(trace.events).steps.empty()) << seed;
  }
}

TEST(StepPattern, NothingAndAlmostNothingHaveNone) {
  EXPECT_TRUE(find_step_pattern({}).steps.empty());
  Trace trace;
  step(trace);
  EXPECT_TRUE(find_step_pattern(trace.events).steps.empty());
  step(trace);
  EXPECT_TRUE(find_step_pattern(trace.events).steps.empty());
}

}  // namespace
}  // namespace foldperf::analysis

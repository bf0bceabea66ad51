#include "core/analysis/steps.hpp"

#include <gtest/gtest.h>

#include "core/analysis/phases.hpp"
#include "tests/core/analysis/range_builder.hpp"

namespace foldperf::analysis {
namespace {

constexpr std::int64_t s = 1'000'000'000;

const PhaseTime& phase(const PhaseAnalysis& analysis, const std::string& name) {
  for (const PhaseTime& one : analysis.phases) {
    if (one.phase == name) return one;
  }
  throw std::out_of_range(name);
}

TEST(Steps, FirstStepStandsApart) {
  const RangeSet set =
      Hand().step(0, 0, 10 * s).step(1, 10 * s, 11 * s).step(2, 11 * s, 14 * s).step(3, 16 * s, 18 * s).set();
  const StepAnalysis steps = analyze_steps(set, {{{0, 0}, 8}, {{0, 1}, 2}, {{0, 2}, 2}, {{0, 3}, 4}});
  EXPECT_EQ(steps.steps.size(), 4U);
  EXPECT_EQ(steps.total_ns, 16 * s);
  ASSERT_TRUE(steps.all.first_ns);
  EXPECT_EQ(*steps.all.first_ns, 10 * s);
  EXPECT_EQ(steps.all.duration_ns.count, 3U);
  EXPECT_DOUBLE_EQ(steps.all.duration_ns.median, 2e9);
  EXPECT_DOUBLE_EQ(steps.all.duration_ns.min, 1e9);
  EXPECT_DOUBLE_EQ(steps.all.duration_ns.max, 3e9);
  EXPECT_DOUBLE_EQ(steps.all.duration_ns.mean, 2e9);
  // 3 steps and 8 samples from 10 s to 18 s.
  EXPECT_DOUBLE_EQ(steps.all.steps_per_s, 3.0 / 8);
  ASSERT_TRUE(steps.all.samples_per_s);
  EXPECT_DOUBLE_EQ(*steps.all.samples_per_s, 1.0);
}

TEST(Steps, OneStepIsNotTakenApart) {
  const StepAnalysis steps = analyze_steps(Hand().step(0, 0, 5 * s).set());
  EXPECT_FALSE(steps.all.first_ns);
  EXPECT_EQ(steps.all.duration_ns.count, 1U);
  EXPECT_FALSE(steps.all.samples_per_s);
}

TEST(Steps, UnfinishedStepIsCountedApart) {
  const StepAnalysis steps =
      analyze_steps(Hand().step(0, 0, s).step(1, s, 2 * s).step(2, 2 * s, std::nullopt).op("x", 2 * s, 9 * s).set());
  EXPECT_EQ(steps.incomplete, 1U);
  EXPECT_EQ(steps.all.duration_ns.count, 1U);
  EXPECT_EQ(steps.total_ns, 9 * s);
}

TEST(Steps, NoneGivesNothing) {
  const StepAnalysis steps = analyze_steps(RangeSet{});
  EXPECT_TRUE(steps.steps.empty());
  EXPECT_TRUE(steps.by_rank.empty());
  EXPECT_EQ(steps.all.steps_per_s, 0);
}

TEST(Steps, NumbersAreGivenWhereTheProgramGaveNone) {
  const StepAnalysis steps =
      analyze_steps(Hand().step(no_payload, 0, 1).step(no_payload, 2, 3).step(9, 4, 5).step(no_payload, 6, 7).set());
  EXPECT_EQ(steps.steps[1].number, 1);
  EXPECT_EQ(steps.steps[3].number, 10);
}

TEST(Steps, RanksAreApartAndTogether) {
  const RangeSet set = Hand()
                           .step(0, 0, 4 * s)
                           .step(1, 4 * s, 5 * s)
                           .step(2, 5 * s, 6 * s)
                           .on(1, 2)
                           .step(0, 0, 5 * s)
                           .step(1, 5 * s, 7 * s)
                           .step(2, 7 * s, 9 * s)
                           .set();
  const StepAnalysis steps = analyze_steps(set);
  ASSERT_EQ(steps.by_rank.size(), 2U);
  EXPECT_DOUBLE_EQ(steps.by_rank[0].duration_ns.median, 1e9);
  EXPECT_DOUBLE_EQ(steps.by_rank[1].duration_ns.median, 2e9);
  EXPECT_EQ(steps.all.duration_ns.count, 4U);
  EXPECT_DOUBLE_EQ(steps.all.duration_ns.mean, 1.5e9);
  EXPECT_DOUBLE_EQ(steps.all.steps_per_s, (1.0 + 0.5) / 2);
  EXPECT_EQ(*steps.all.first_ns, 5 * s);
}

TEST(Phases, SumWithTheRestToTheSteps) {
  // Step [0, 100): data wait 10, forward 30 of which loss 5 inside, backward 40; step [200, 250): forward 50.
  const RangeSet set = Hand()
                           .step(0, 0, 100)
                           .phase("data_wait", 0, 10)
                           .phase("forward", 10, 40)
                           .phase("loss", 20, 25)
                           .phase("backward", 50, 90)
                           .phase("evaluation", 120, 180)
                           .step(1, 200, 250)
                           .phase("forward", 200, 250)
                           .set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  EXPECT_EQ(phase(phases, "data_wait").in_steps_ns, 10);
  EXPECT_EQ(phase(phases, "forward").in_steps_ns, 25 + 50);
  EXPECT_EQ(phase(phases, "loss").in_steps_ns, 5);
  EXPECT_EQ(phase(phases, "backward").in_steps_ns, 40);
  EXPECT_EQ(phase(phases, "evaluation").in_steps_ns, 0);
  EXPECT_EQ(phase(phases, "evaluation").outside_ns, 60);
  EXPECT_EQ(phase(phases, rest_of_step).in_steps_ns, 20);
  std::int64_t sum = 0;
  for (const PhaseTime& one : phases.phases) sum += one.in_steps_ns;
  EXPECT_EQ(sum, 150);
  EXPECT_EQ(phases.steps_total_ns, 150);
  EXPECT_DOUBLE_EQ(phase(phases, "forward").per_step_ns.max, 50);
  EXPECT_EQ(phases.phases.front().phase, "data_wait") << "in the order of a step";
  EXPECT_EQ(phases.phases.back().phase, rest_of_step);
}

TEST(Phases, NumberedNamesArePooled) {
  Hand hand;
  constexpr std::int64_t count = 500;
  for (std::int64_t i = 0; i < count; ++i) {
    hand.step(i, i * 100, i * 100 + 100);
    hand.phase("forward " + std::to_string(i), i * 100, i * 100 + 10 + i / 10);
    hand.phase("backward", i * 100 + 80, i * 100 + 90);
  }
  const RangeSet set = hand.set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  ASSERT_EQ(phases.phases.size(), 1 + other_phases_kept + 2);
  EXPECT_EQ(phases.per_step[0].size(), phases.phases.size());
  EXPECT_EQ(phases.phases[0].phase, "backward");
  EXPECT_EQ(phase(phases, "forward 499").in_steps_ns, 10 + 49) << "those of most time stay apart";
  EXPECT_EQ(phases.pooled, count - other_phases_kept);
  EXPECT_EQ(phase(phases, other_phases).count, count - static_cast<std::int64_t>(other_phases_kept));
  EXPECT_EQ(phases.phases.back().phase, rest_of_step);
  std::int64_t sum = 0;
  for (const PhaseTime& one : phases.phases) sum += one.in_steps_ns;
  EXPECT_EQ(sum, phases.steps_total_ns);
}

TEST(Phases, CrossingAStepsEndIsSplit) {
  const RangeSet set = Hand().step(0, 0, 100).phase("checkpoint", 90, 130).set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  EXPECT_EQ(phase(phases, "checkpoint").in_steps_ns, 10);
  EXPECT_EQ(phase(phases, "checkpoint").outside_ns, 30);
}

TEST(Phases, HelperThreadsDoNotStretchAStep) {
  const RangeSet set = Hand().step(0, 0, 100).phase("forward", 0, 100).on(0, 2).phase("data_wait", 0, 100).set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  EXPECT_EQ(phase(phases, "forward").in_steps_ns, 100);
  EXPECT_EQ(phase(phases, "data_wait").in_steps_ns, 0);
  EXPECT_EQ(phase(phases, rest_of_step).in_steps_ns, 0);
}

TEST(Phases, WithoutStepsAreStillTimed) {
  const RangeSet set = Hand().phase("forward", 0, 10).set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  ASSERT_EQ(phases.phases.size(), 1U);
  EXPECT_EQ(phases.phases[0].outside_ns, 10);
}

TEST(Phases, RecyclingPassesAreCountedByNumber) {
  const RangeSet set = Hand()
                           .add(RangeClass::recycling_pass, "recycling_pass", 0, 10, 0)
                           .add(RangeClass::recycling_pass, "recycling_pass", 10, 40, 1)
                           .add(RangeClass::recycling_pass, "recycling_pass", 50, 55, 0)
                           .set();
  const PhaseAnalysis phases = analyze_phases(set, analyze_steps(set));
  ASSERT_EQ(phases.recycling.size(), 2U);
  EXPECT_EQ(phases.recycling[0].count, 2);
  EXPECT_EQ(phases.recycling[0].total_ns, 15);
  EXPECT_EQ(phases.recycling[1].total_ns, 30);
}

}  // namespace
}  // namespace foldperf::analysis

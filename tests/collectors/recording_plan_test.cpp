#include "collectors/session/recording_plan.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "collectors/session/settings.hpp"

namespace foldperf::collectors {
namespace {

// Writes down what the plan switches: "on 10 range; off 20 range; ".
struct Plan {
  explicit Plan(const PlanSettings& settings) {
    const auto set = [](void* told, bool on, std::int64_t at_ns, const char* reason) {
      *static_cast<std::string*>(told) += (on ? "on " : "off ") + std::to_string(at_ns) + " " + reason + "; ";
    };
    on_at_first = plan.begin(settings, 1000, set, &log);
  }
  // A push/pop range from `start` to `end`, at depth 0.
  void range(const char* text, std::int64_t start, std::int64_t end, std::optional<std::int64_t> payload = {}) {
    plan.push({text, false, payload}, 0, 0, start);
    plan.pop(0, 0, end);
  }
  ~Plan() { plan.thread_ended(0); }

  std::string log;
  RecordingPlan plan;
  bool on_at_first = false;
};

PlanSettings steps(std::int64_t first, std::int64_t end, std::string name = {}) {
  PlanSettings settings;
  settings.steps = StepSpan{first, end};
  settings.step_range = std::move(name);
  return settings;
}

PlanSettings range(std::string name) {
  PlanSettings settings;
  settings.range = std::move(name);
  return settings;
}

TEST(RecordingPlan, NoneRecordsAlways) {
  Plan plan({});
  EXPECT_TRUE(plan.on_at_first);
  EXPECT_FALSE(plan.plan.watches_ranges());
  EXPECT_EQ(plan.plan.tick(5000), std::nullopt);
  EXPECT_EQ(plan.plan.describe(), "");
}

TEST(RecordingPlan, StepsAreCounted) {
  Plan plan(steps(1, 3));
  EXPECT_FALSE(plan.on_at_first);
  for (int i = 0; i < 5; ++i) plan.range("iteration", 100 * i, 100 * i + 50);
  EXPECT_EQ(plan.log, "on 100 steps; off 250 steps; ");
}

TEST(RecordingPlan, StepsThatTellTheirNumberNeedNoCount) {
  Plan plan(steps(41, 43));
  for (int i = 0; i < 5; ++i) plan.range("train_step 7", 100 * i, 100 * i + 50, 40 + i);
  EXPECT_EQ(plan.log, "on 100 steps; off 250 steps; ");
}

TEST(RecordingPlan, TheAskedNameIsTakenAlone) {
  Plan plan(steps(1, 2, "my * part"));
  for (int i = 0; i < 3; ++i) {
    plan.range("step", 100 * i, 100 * i + 10);
    plan.range("my best part", 100 * i + 20, 100 * i + 50);
  }
  EXPECT_EQ(plan.log, "on 120 steps; off 150 steps; ");
}

TEST(RecordingPlan, ABetterKindOfStepTakesOver) {
  Plan plan(steps(1, 2));
  for (int i = 0; i < 3; ++i) {
    plan.plan.push({"iteration", false, {}}, 0, 0, 100 * i);
    plan.plan.push({"any text", true, {}}, 5, 0, 100 * i + 10);
    plan.plan.pop(5, 0, 100 * i + 60);
    plan.plan.pop(0, 0, 100 * i + 70);
  }
  EXPECT_EQ(plan.log, "on 110 steps; off 160 steps; ");
}

TEST(RecordingPlan, StepsOfOtherThreadsAndInnerOnesAreNotCounted) {
  Plan plan(steps(1, 2));
  for (int i = 0; i < 3; ++i) {
    plan.plan.push({"step", false, {}}, 0, 0, 100 * i);
    plan.plan.push({"step", false, {}}, 0, 1, 100 * i + 10);
    std::thread([&] { plan.range("step", 100 * i + 20, 100 * i + 30); }).join();
    plan.plan.pop(0, 1, 100 * i + 40);
    plan.plan.pop(0, 0, 100 * i + 50);
  }
  EXPECT_EQ(plan.log, "on 100 steps; off 150 steps; ");
}

TEST(RecordingPlan, RangesAreCountedOverThreadsAndIds) {
  Plan plan(range("hot*"));
  plan.plan.push({"hot", false, {}}, 0, 0, 10);
  plan.plan.push({"cold", false, {}}, 0, 1, 20);
  plan.plan.start({"hotter", false, {}}, 7, 30);
  plan.plan.pop(0, 1, 40);
  plan.plan.pop(0, 0, 50);
  EXPECT_EQ(plan.log, "on 10 range; ");
  std::thread([&] { plan.plan.end(7, 60); }).join();
  EXPECT_EQ(plan.log, "on 10 range; off 60 range; ");
  plan.plan.end(7, 70);
  plan.plan.pop(0, 0, 80);
  EXPECT_EQ(plan.log, "on 10 range; off 60 range; ");
}

TEST(RecordingPlan, AThreadThatEndsClosesWhatItLeftOpen) {
  Plan plan(range("hot"));
  std::thread([&] {
    plan.plan.push({"hot", false, {}}, 0, 0, 10);
    plan.plan.thread_ended(20);
  }).join();
  EXPECT_EQ(plan.log, "on 10 range; off 20 range; ");
}

TEST(RecordingPlan, SecondsCountFromTheBeginning) {
  PlanSettings settings;
  settings.after_ns = 500;
  settings.for_ns = 100;
  Plan plan(settings);
  EXPECT_FALSE(plan.on_at_first);
  EXPECT_EQ(plan.plan.tick(1100), 1500);
  EXPECT_EQ(plan.log, "");
  EXPECT_EQ(plan.plan.tick(1550), 1600);
  EXPECT_EQ(plan.plan.tick(1700), std::nullopt);
  EXPECT_EQ(plan.log, "on 1500 after; off 1600 after; ");
  EXPECT_EQ(plan.plan.tick(1800), std::nullopt);
  EXPECT_EQ(plan.log, "on 1500 after; off 1600 after; ");
}

TEST(RecordingPlan, ForAloneBeginsAtOnce) {
  PlanSettings settings;
  settings.for_ns = 100;
  Plan plan(settings);
  EXPECT_TRUE(plan.on_at_first);
  EXPECT_EQ(plan.plan.tick(1000), 1100);
  plan.plan.tick(1100);
  EXPECT_EQ(plan.log, "off 1100 after; ");
}

TEST(RecordingPlan, AForkedChildBeginsAnew) {
  Plan plan(range("hot"));
  plan.plan.push({"hot", false, {}}, 0, 0, 10);
  plan.plan.lock();
  EXPECT_FALSE(plan.plan.restart(20));
  plan.plan.unlock();
  plan.plan.pop(0, 0, 30);
  plan.range("hot", 40, 50);
  EXPECT_EQ(plan.log, "on 10 range; on 40 range; off 50 range; ");
}

TEST(RecordingPlan, SaysWhatItWaitsFor) {
  Plan plan(steps(5, 6));
  EXPECT_NE(plan.plan.describe().find("no range that is a step"), std::string::npos);
  plan.range("step", 1, 2);
  EXPECT_EQ(plan.plan.describe(), "steps from 5, before 6: none of these has come yet, the latest is 0");
  PlanSettings settings;
  settings.after_ns = 1'500'000'000;
  Plan later(settings);
  EXPECT_EQ(later.plan.describe(), "from 1.5 s after the process' first call: not begun yet");
}

TEST(WindowText, Steps) {
  EXPECT_EQ(parse_steps("3:5")->first, 3);
  EXPECT_EQ(parse_steps("3:5")->end, 5);
  EXPECT_EQ(parse_steps(":5")->first, 0);
  EXPECT_EQ(parse_steps("3:")->end, StepSpan{}.end);
  for (const char* bad : {"", ":", "5", "5:5", "6:5", "-1:5", "a:b", "1:2x", "1:2:3", "99999999999999999999:"}) {
    EXPECT_FALSE(parse_steps(bad)) << bad;
  }
}

TEST(WindowText, Seconds) {
  EXPECT_EQ(parse_seconds("2"), 2'000'000'000);
  EXPECT_EQ(parse_seconds("0.25"), 250'000'000);
  for (const char* bad : {"", "-1", "x", "1s", "inf", "nan", "1e10", " 1"}) EXPECT_FALSE(parse_seconds(bad)) << bad;
}

TEST(PlanSettings, WhatIsNotUnderstoodIsNamedWithTheForm) {
  setenv("FOLDPERF_OUTPUT_DIR", "/tmp", 1);
  setenv("FOLDPERF_STEPS", "5", 1);
  setenv("FOLDPERF_FOR", "soon", 1);
  setenv("FOLDPERF_AFTER", "2", 1);
  setenv("FOLDPERF_COUNTERS", "a.sum,b.avg", 1);
  const auto settings = read_settings();
  for (const char* name :
       {"FOLDPERF_OUTPUT_DIR", "FOLDPERF_STEPS", "FOLDPERF_FOR", "FOLDPERF_AFTER", "FOLDPERF_COUNTERS"}) {
    unsetenv(name);
  }
  ASSERT_TRUE(settings);
  EXPECT_NE(settings->problem.find("FOLDPERF_STEPS=5 is not understood: give A:B"), std::string::npos);
  EXPECT_NE(settings->problem.find("FOLDPERF_FOR=soon is not understood: give seconds"), std::string::npos);
  EXPECT_FALSE(settings->plan.steps);
  EXPECT_EQ(settings->plan.after_ns, 2'000'000'000);
  EXPECT_TRUE(settings->counters);
  EXPECT_EQ(settings->metrics, (std::vector<std::string>{"a.sum", "b.avg"}));
}

}  // namespace
}  // namespace foldperf::collectors

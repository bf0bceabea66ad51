#include "core/facts/facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace foldperf::facts {
namespace {

using ::testing::ElementsAre;

template <class T>
T round_trip(const T& fact) {
  const auto parsed = parse_fact(to_json(fact));
  EXPECT_TRUE(parsed.has_value()) << to_json(fact);
  const T* held = parsed ? std::get_if<T>(&*parsed) : nullptr;
  EXPECT_NE(held, nullptr);
  return held ? *held : T{};
}

TEST(Facts, EveryKindSurvivesJson) {
  EXPECT_EQ(round_trip(StepFact{12, 3}).step, 12);
  EXPECT_EQ(round_trip(StepFact{12, 3}).samples, 3);

  BatchFact batch{7, "1ubi_A", 76, 64, 512, {{"parse", 1200}, {"features", 800}}, 55};
  const BatchFact same = round_trip(batch);
  EXPECT_EQ(same.chain, "1ubi_A");
  EXPECT_EQ(same.length, 76);
  EXPECT_EQ(same.crop, 64);
  EXPECT_EQ(same.alignment_depth, 512);
  EXPECT_EQ(same.preparation_ns, batch.preparation_ns);
  EXPECT_EQ(same.queue_wait_ns, 55);

  const WorkloadFact workload =
      round_trip(WorkloadFact{"softmax", {1, 8, 256}, "bf16", 10, 20, 30, "warps=4", "tuned"});
  EXPECT_EQ(workload.kernel, "softmax");
  EXPECT_THAT(workload.shape, ElementsAre(1, 8, 256));
  EXPECT_EQ(workload.exponentials, 30);
  EXPECT_EQ(workload.chosen, "tuned");

  const MetricFact metric = round_trip(MetricFact{3, "loss", 1.5, "train", "1ubi_A"});
  EXPECT_EQ(metric.value, 1.5);
  EXPECT_EQ(metric.split, "train");
}

TEST(Facts, OneLineWhateverTheText) {
  const std::string json = to_json(MetricFact{0, "a\n\"b\"\\", 1, "", "\xff\xfe"});
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(round_trip(MetricFact{0, "a\n\"b\"\\", 1, "", ""}).name, "a\n\"b\"\\");
}

TEST(Facts, NonFiniteValuesBecomeNullAndComeBackAsNaN) {
  for (const double value :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    EXPECT_NE(to_json(MetricFact{1, "loss", value, "", ""}).find("\"value\":null"), std::string::npos);
    EXPECT_TRUE(std::isnan(round_trip(MetricFact{1, "loss", value, "", ""}).value));
  }
}

TEST(Facts, PythonsBareNonFiniteNumbersAreRead) {
  const auto fact = parse_fact(R"({"kind":"metric","name":"NaN \" Infinity","value":-Infinity,"step":2})");
  ASSERT_TRUE(fact);
  EXPECT_EQ(std::get<MetricFact>(*fact).name, "NaN \" Infinity");
  EXPECT_EQ(std::get<MetricFact>(*fact).step, 2);
  EXPECT_TRUE(std::isnan(std::get<MetricFact>(*fact).value));
  EXPECT_TRUE(parse_fact(R"({"kind":"metric","name":"x","value":NaN})"));
}

TEST(Facts, UnknownKeysAreIgnoredAndWrongTypesCountAsMissing) {
  const auto fact = parse_fact(
      R"({"kind":"batch","step":3.0,"later":{"a":[1]},"length":"long","crop":1e300,"preparation_ns":{"a":"b","c":4}})");
  ASSERT_TRUE(fact);
  const auto& batch = std::get<BatchFact>(*fact);
  EXPECT_EQ(batch.step, 3);
  EXPECT_EQ(batch.length, 0);
  EXPECT_EQ(batch.crop, 0);
  EXPECT_EQ(batch.preparation_ns, (std::map<std::string, std::int64_t>{{"c", 4}}));
}

TEST(Facts, WhatIsNoFactGivesNothing) {
  for (const char* text :
       {"", "hello", "{", "[]", "null", "3", "{}", R"({"kind":"other"})", R"({"kind":3})", R"({"kind":"step"})",
        R"({"kind":"step","step":18446744073709551615})", R"({"kind":"metric","value":1})", R"({"kind":"workload"})",
        "{\"kind\":\"step\",\"step\":1}x", "\xff\xff", R"({"kind":"metric","name":"unfinished)", "\"\\"}) {
    EXPECT_FALSE(parse_fact(text)) << text;
  }
  EXPECT_FALSE(parse_fact(std::string(200000, '[')));
}

}  // namespace
}  // namespace foldperf::facts

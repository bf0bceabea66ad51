#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/analysis/data_wait.hpp"
#include "core/analysis/metrics.hpp"

namespace foldperf::analysis {
namespace {

database::BatchRow batch(std::int64_t length, std::int64_t depth, std::int64_t wait, std::int64_t parse = 0) {
  database::BatchRow row;
  row.length = length;
  row.alignment_depth = depth;
  row.queue_wait_ns = wait;
  row.preparation_ns = 2 * parse;
  if (parse) row.preparation_stage_ns = {{"parse", parse}, {"transforms", parse}};
  return row;
}

TEST(DataWait, BinsByLengthAndDepth) {
  const DataAnalysis data = analyze_data({batch(15, 1, 10), batch(16, 2, 20, 5), batch(31, 7, 40, 7), batch(32, 8, 80),
                                          batch(0, 0, 5), batch(std::numeric_limits<std::int64_t>::max(), 1, 1)});
  ASSERT_EQ(data.by_length.size(), 5U);
  EXPECT_EQ(data.by_length[0].from, 0);  // not given
  EXPECT_EQ(data.by_length[1].from, 1);
  EXPECT_EQ(data.by_length[1].to, 15);
  EXPECT_EQ(data.by_length[2].from, 16);
  EXPECT_EQ(data.by_length[2].to, 31);
  EXPECT_EQ(data.by_length[2].wait_ns.count, 2U);
  EXPECT_DOUBLE_EQ(data.by_length[2].wait_ns.median, 30);
  EXPECT_DOUBLE_EQ(data.by_length[2].wait_ns.p90, 38);
  EXPECT_DOUBLE_EQ(data.by_length[2].preparation_ns.sum, 24);
  EXPECT_EQ(data.by_length[4].to, std::numeric_limits<std::int64_t>::max());
  ASSERT_EQ(data.by_depth.size(), 4U);
  EXPECT_EQ(data.by_depth[1].from, 1);
  EXPECT_EQ(data.by_depth[1].to, 1);
  EXPECT_EQ(data.by_depth[2].to, 7);
  EXPECT_EQ(data.by_depth[3].from, 8);
  ASSERT_EQ(data.stages.size(), 2U);
  EXPECT_EQ(data.stages[0].stage, "parse");
  EXPECT_DOUBLE_EQ(data.stages[0].ns.median, 6);
  EXPECT_EQ(data.wait_ns.count, 6U);
}

TEST(DataWait, NoBatches) {
  const DataAnalysis data = analyze_data({});
  EXPECT_EQ(data.wait_ns.count, 0U);
  EXPECT_TRUE(data.by_length.empty());
}

database::MetricRow metric(std::int64_t step, const std::string& name, std::optional<double> value,
                           const std::string& split = "train", const std::string& chain = "", int rank = 0) {
  database::MetricRow row;
  row.rank = rank;
  row.step = step;
  row.name = name;
  row.value = value;
  row.split = split;
  row.chain = chain;
  return row;
}

std::vector<std::pair<std::int64_t, double>> pairs(const std::vector<MetricPoint>& points) {
  std::vector<std::pair<std::int64_t, double>> result;
  for (const MetricPoint& point : points) result.emplace_back(point.step, point.value);
  return result;
}

using testing::ElementsAre;
using testing::Pair;

TEST(Metrics, RanksAreAveragedAndStepsSorted) {
  const MetricAnalysis metrics =
      analyze_metrics({metric(2, "loss", 1), metric(1, "loss", 4, "train", "", 0), metric(1, "loss", 2, "train", "", 1),
                       metric(3, "loss", std::nullopt), metric(4, "loss", std::nan(""))});
  const MetricSeries* loss = metrics.find("loss", "train");
  ASSERT_NE(loss, nullptr);
  EXPECT_THAT(pairs(loss->overall), ElementsAre(Pair(1, 3.0), Pair(2, 1.0)));
  EXPECT_EQ(loss->not_finite, 2U);
  EXPECT_EQ(metrics.find("loss", "eval"), nullptr);
}

TEST(Metrics, MeanOverChainsWaitsForEveryChain) {
  const MetricAnalysis metrics =
      analyze_metrics({metric(0, "lddt_ca", 0.1, "train", "a"), metric(1, "lddt_ca", 0.3, "train", "b"),
                       metric(2, "lddt_ca", 0.5, "train", "a"), metric(3, "lddt_ca", 0.7, "train", "b")});
  const MetricSeries& series = metrics.series.at(0);
  ASSERT_EQ(series.chains.size(), 2U);
  EXPECT_THAT(pairs(series.overall), ElementsAre(Pair(0, 0.1), Pair(1, 0.3), Pair(2, 0.5), Pair(3, 0.7)));
  EXPECT_THAT(pairs(series.chain_mean), ElementsAre(Pair(1, testing::DoubleEq(0.2)), Pair(2, testing::DoubleEq(0.4)),
                                                    Pair(3, testing::DoubleEq(0.6))));
}

TEST(Metrics, WhatTheProgramGaveOverAllChainsIsKept) {
  const MetricAnalysis metrics =
      analyze_metrics({metric(0, "lddt_ca", 0.2, "eval", "a"), metric(0, "lddt_ca", 0.4, "eval", "b"),
                       metric(0, "lddt_ca", 0.35, "eval", "")});
  EXPECT_THAT(pairs(metrics.series[0].overall), ElementsAre(Pair(0, 0.35)));
  EXPECT_THAT(pairs(metrics.series[0].chain_mean), ElementsAre(Pair(0, testing::DoubleEq(0.3))));
}

TEST(Metrics, ManyChainsAreNotFollowedOneByOne) {
  std::vector<database::MetricRow> rows;
  for (std::size_t i = 0; i <= chains_followed; ++i) {
    rows.push_back(metric(static_cast<std::int64_t>(i), "loss", 1, "train", "c" + std::to_string(i)));
  }
  EXPECT_TRUE(analyze_metrics(rows).series[0].chain_mean.empty());
}

TEST(Metrics, OnlyBrokenValues) {
  const MetricAnalysis metrics = analyze_metrics({metric(0, "loss", std::nullopt)});
  EXPECT_TRUE(metrics.series[0].overall.empty());
  EXPECT_EQ(metrics.series[0].not_finite, 1U);
}

}  // namespace
}  // namespace foldperf::analysis

#include "trainer/feed/random_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;

// Known answers of Philox4x32-10, from the authors' own test vectors (Random123, kat_vectors).
TEST(Philox, KnownAnswers) {
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U));
  EXPECT_THAT(philox4x32({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}),
              ElementsAre(0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU));
  EXPECT_THAT(philox4x32({0x243f6a88U, 0x85a308d3U, 0x13198a2eU, 0x03707344U}, {0xa4093822U, 0x299f31d0U}),
              ElementsAre(0xd16cfe09U, 0x94fdccebU, 0x5001e420U, 0x24126ea1U));
}

std::vector<std::uint32_t> first_words(const SampleKey& key, Purpose purpose, std::uint32_t pass) {
  RandomStream stream(key, purpose, pass);
  std::vector<std::uint32_t> words;
  for (int i = 0; i < 8; ++i) words.push_back(stream.next());
  return words;
}

TEST(RandomStream, EverythingThatNamesADrawChangesIt) {
  const SampleKey key{7, 1, 2};
  const std::set<std::vector<std::uint32_t>> streams = {
      first_words(key, Purpose::crop, 0),
      first_words({8, 1, 2}, Purpose::crop, 0),
      first_words({7, 2, 2}, Purpose::crop, 0),
      first_words({7, 1, 3}, Purpose::crop, 0),
      first_words(key, Purpose::sample_msa, 0),
      first_words(key, Purpose::crop, 1),
      first_words({std::uint64_t{1} << 40 | 7, 1, 2}, Purpose::crop, 0)};
  EXPECT_EQ(streams.size(), 7U);
  EXPECT_EQ(first_words(key, Purpose::crop, 0), first_words(key, Purpose::crop, 0));
}

TEST(RandomStream, FillsWithTheWordsThatComeNext) {
  RandomStream one({7, 1, 2}, Purpose::crop), many({7, 1, 2}, Purpose::crop);
  for (const std::size_t count : {0U, 1U, 2U, 9U, 4U, 16U, 3U, 1U}) {
    std::vector<std::uint32_t> words(count), expected(count);
    for (std::uint32_t& word : expected) word = one.next();
    many.fill(words);
    EXPECT_EQ(words, expected);
  }
}

TEST(RandomStream, UniformNumbersFillTheUnitInterval) {
  RandomStream stream({1, 0, 0}, Purpose::crop);
  double sum = 0;
  std::array<int, 10> bins{};
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    const float value = stream.uniform();
    ASSERT_GE(value, 0.0F);
    ASSERT_LT(value, 1.0F);
    sum += value;
    ++bins[static_cast<std::size_t>(value * 10)];
  }
  EXPECT_NEAR(sum / count, 0.5, 0.005);
  for (const int bin : bins) EXPECT_NEAR(bin, count / 10, 500);
}

TEST(RandomStream, IntegersKeepTheirBoundsAndReachThem) {
  RandomStream stream({1, 0, 0}, Purpose::crop);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(stream.integer(-2, 3));
  EXPECT_THAT(seen, ElementsAre(-2, -1, 0, 1, 2, 3));
  EXPECT_EQ(stream.integer(5, 5), 5);
  EXPECT_THROW((void)stream.integer(1, 0), Error);
}

TEST(RandomStream, PermutationsHoldEveryNumberOnce) {
  RandomStream stream({1, 0, 0}, Purpose::crop);
  std::vector<std::int64_t> order = stream.permutation(50);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(stream.permutation(0).empty());
}

}  // namespace
}  // namespace foldperf::trainer

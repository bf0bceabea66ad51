#include "trainer/input/chain_filters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

std::string times(int count, const std::string& text) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

const std::string twenty = "ARNDCQEGHILKMFPSTWYV";

struct Case {
  ChainData chain;
  Exclusion exclusion;
  double probability;
};

// Whether a chain is kept, and the probabilities to the last bit, are those of OpenFold's
// OpenFoldDataset.deterministic_train_filter and get_stochastic_train_filter_prob, called once with the same entries.
TEST(ChainFilters, AgreeWithOpenFold) {
  const std::vector<Case> cases = {
      {{"", times(5, twenty), 2.0, 4}, Exclusion::none, 0.125},
      {{"", times(20, twenty), 9.0, 3}, Exclusion::none, 0.26041666666666663},
      {{"", times(20, twenty), 9.01, 3}, Exclusion::low_resolution, 0.26041666666666663},
      {{"", times(20, twenty), std::nullopt, 3}, Exclusion::unknown_resolution, 0.26041666666666663},
      {{"", times(40, twenty), 0.0, -1}, Exclusion::none, 1.0},
      {{"", times(8, "A") + "GG", 1.0, std::nullopt}, Exclusion::none, 0.5},
      {{"", times(9, "A") + "GG", 1.0, std::nullopt}, Exclusion::repetitive_sequence, 0.5},
      {{"", times(3, twenty) + "X", 1.0, std::nullopt}, Exclusion::nonstandard_residue, 0.5},
      {{"", times(15, twenty), 1.0, 7}, Exclusion::none, 0.08370535714285714},
      {{"", times(15, twenty), 1.0, 0}, Exclusion::none, 0.5859375},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(exclusion_of(cases[i].chain, {}), cases[i].exclusion) << i;
    EXPECT_EQ(keep_probability(cases[i].chain), cases[i].probability) << i;
  }
}

TEST(ChainFilters, KnowDates) {
  ChainFilterOptions options;
  options.max_release_date = "2018-04-30";
  ChainData chain{"2018-04-30", twenty, 1.0, std::nullopt};
  EXPECT_EQ(exclusion_of(chain, options), Exclusion::none);
  chain.release_date = "2018-05-01";
  EXPECT_EQ(exclusion_of(chain, options), Exclusion::released_too_late);
  EXPECT_EQ(exclusion_of(chain, {}), Exclusion::none);
  chain.release_date = "";
  EXPECT_EQ(exclusion_of(chain, options), Exclusion::unknown_release_date);
}

TEST(ChainFilters, CountTheReasons) {
  ChainDataCache cache;
  cache["good"] = {"2001-01-01", twenty, 1.0, 2};
  cache["late"] = {"2020-01-01", twenty, 1.0, 2};
  cache["blurred"] = {"2001-01-01", twenty, 20.0, 2};
  cache["empty"] = {"2001-01-01", "", 1.0, 2};
  cache["nan"] = {"2001-01-01", twenty, std::numeric_limits<double>::quiet_NaN(), 2};
  const std::vector<std::string> chains = {"unheard", "late", "good", "blurred", "empty", "nan"};
  ChainFilterOptions options;
  options.max_release_date = "2018-04-30";
  const FilteredChains result = filter_chains(chains, cache, options);
  ASSERT_EQ(result.kept.size(), 1U);
  EXPECT_EQ(result.kept[0].name, "good");
  EXPECT_EQ(result.kept[0].probability, 0.25);
  EXPECT_EQ(result.count(Exclusion::none), 1U);
  EXPECT_EQ(result.count(Exclusion::low_resolution), 2U);
  EXPECT_EQ(result.summary(),
            "1 of 6 chains kept; left out: 1 (not in the chain data cache), 2 (resolution above the limit), 1 (empty "
            "sequence), 1 (released after the limit)");
  EXPECT_EQ(filter_chains({}, cache).summary(), "0 of 0 chains kept");
}

TEST(ChainFilters, RefuseLimitsThatMakeNoSense) {
  const auto refused = [](const ChainFilterOptions& options) {
    try {
      (void)filter_chains({}, {}, options);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refused({0, 0.8, ""}), ::testing::HasSubstr("above 0 Angstrom"));
  EXPECT_THAT(refused({9, 1.5, ""}), ::testing::HasSubstr("at most 1"));
  EXPECT_THAT(refused({9, 0.8, "30.4.2018"}), ::testing::HasSubstr("'30.4.2018' is no date"));
}

TEST(ChainFilters, EveryReasonHasWords) {
  for (std::size_t i = 0; i < exclusion_count; ++i) EXPECT_NE(describe(static_cast<Exclusion>(i)), "unknown");
}

}  // namespace
}  // namespace foldperf::trainer

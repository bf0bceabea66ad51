#include "cli/suggestions.hpp"

#include <gtest/gtest.h>

namespace foldperf::cli {
namespace {

TEST(EditDistance, CountsChanges) {
  EXPECT_EQ(edit_distance("report", "report"), 0u);
  EXPECT_EQ(edit_distance("repotr", "report"), 1u);  // a swap
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Closest, FindsWhatWasMeant) {
  const std::vector<std::string> known{"train", "profile", "report", "doctor", "completion"};
  EXPECT_EQ(closest("profil", known), "profile");
  EXPECT_EQ(closest("rain", known), "train");
  EXPECT_EQ(closest("zebra", known), std::nullopt);
  EXPECT_EQ(closest("x", {}), std::nullopt);
}

}  // namespace
}  // namespace foldperf::cli

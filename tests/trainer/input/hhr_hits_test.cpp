// Reading hhr files: what a hit holds, and what is said about files that are cut or damaged.
#include "trainer/input/hhr_hits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/trainer/input/hhr_text.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::HitText;
using ::foldperf::testing::input_error;
using ::foldperf::testing::to_hhr;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t place = text.find(what);
  EXPECT_NE(place, std::string::npos) << what;
  return place == std::string::npos ? text : text.replace(place, what.size(), with);
}

std::string refusal(const std::string& text) {
  return input_error([&] { parse_hhr(text, "x.hhr"); });
}

HitText with_gaps() {
  HitText hit;
  hit.query = "ACD-EFGH";
  hit.hit = "WW-YYYV-";
  hit.query_start = 7;
  hit.hit_start = 11;
  hit.sum_probs = "13.25";
  return hit;
}

TEST(Hhr, AHitIsItsRowsAndTheirPlaces) {
  const auto hits = parse_hhr(to_hhr({with_gaps(), HitText{}}, 30), "x.hhr");
  ASSERT_EQ(hits.size(), 2U);
  const TemplateHit& hit = hits.front();
  EXPECT_EQ(hit.index, 1);
  EXPECT_EQ(hits.back().index, 2);
  EXPECT_EQ(hit.name, "1abc_A a protein");
  EXPECT_EQ(hit.aligned_cols, 5);
  EXPECT_EQ(hit.sum_probs, 13.25);
  EXPECT_EQ(hit.query, "ACD-EFGH");
  EXPECT_EQ(hit.hit_sequence, "WW-YYYV-");
  EXPECT_THAT(hit.indices_query, ElementsAre(6, 7, 8, -1, 9, 10, 11, 12));
  EXPECT_THAT(hit.indices_hit, ElementsAre(10, 11, -1, 12, 13, 14, 15, -1));
}

TEST(Hhr, RowsGoOnInFurtherBlocks) {
  const auto whole = parse_hhr(to_hhr({with_gaps()}, 30), "x.hhr");
  for (const std::size_t width : {1U, 3U, 5U}) {
    const auto pieces = parse_hhr(to_hhr({with_gaps()}, 30, width), "x.hhr");
    EXPECT_EQ(pieces.front().query, whole.front().query);
    EXPECT_EQ(pieces.front().hit_sequence, whole.front().hit_sequence);
    EXPECT_EQ(pieces.front().indices_query, whole.front().indices_query);
    EXPECT_EQ(pieces.front().indices_hit, whole.front().indices_hit);
  }
}

TEST(Hhr, AFileMayHaveNoHits) { EXPECT_TRUE(parse_hhr(to_hhr({}, 30), "x.hhr").empty()); }

TEST(Hhr, AnythingElseIsRefused) {
  EXPECT_THAT(refusal(""), AllOf(StartsWith("x.hhr:1:"), HasSubstr("must start with 'Query'")));
  EXPECT_THAT(refusal(">1abc_A\nACDE\n"), HasSubstr("must start with 'Query'"));
}

// Wherever a file ends, that is seen, but in what follows the last row.
TEST(Hhr, ACutFileIsRefused) {
  const std::string text = to_hhr({with_gaps(), HitText{}}, 30, 4);
  const std::size_t table = text.find("No 1  ");
  const std::size_t end_of_rows = text.rfind("T ss_dssp") - 2;
  for (std::size_t size = table; size < end_of_rows; ++size) {
    EXPECT_THROW(parse_hhr(std::string_view(text).substr(0, size), "x.hhr"), InputError) << size;
  }
  EXPECT_THAT(refusal(text.substr(0, text.find("No 2"))), HasSubstr("ends after 1 hits, but its table names 2"));
}

TEST(Hhr, FewerAlignmentsThanTheTableAreFineWhereTheCommandSaysSo) {
  std::string text = to_hhr({HitText{}, HitText{}}, 30);
  text = replaced(text.substr(0, text.find("No 2")), "-i query.a3m", "-i query.a3m -B 1");
  EXPECT_EQ(parse_hhr(text, "x.hhr").size(), 1U);
}

TEST(Hhr, DamageIsNamedWithItsLine) {
  const std::string text = to_hhr({with_gaps()}, 30);
  EXPECT_THAT(refusal(replaced(text, "No 1 ", "No x ")), HasSubstr("x.hhr:8: a hit must start"));
  EXPECT_THAT(refusal(replaced(text, ">1abc_A", "1abc_A")), HasSubstr("x.hhr:9: hit 1 has no header line"));
  EXPECT_THAT(refusal(replaced(text, "Probab=", "Prob=")), HasSubstr("x.hhr:10: hit 1 has no summary line"));
  EXPECT_THAT(refusal(replaced(text, "Sum_probs=13.25", "Sum_probs=nan")), HasSubstr("Sum_probs"));
  EXPECT_THAT(refusal(replaced(text, "Aligned_cols=5", "Aligned_cols=")), HasSubstr("Aligned_cols"));
  EXPECT_THAT(refusal(replaced(text, "Aligned_cols=5", "Aligned_cols=9")), HasSubstr("5 aligned columns"));
  EXPECT_THAT(refusal(replaced(text, "ACD-EFGH", "ACD-EFGH-")), HasSubstr("differs in length"));
  EXPECT_THAT(refusal(replaced(text, "ACD-EFGH", "ACD-EFG")), AllOf(HasSubstr("x.hhr:13:"), HasSubstr("ends at 13")));
  EXPECT_THAT(refusal(replaced(text, "ACD-EFGH", "ACD-eFGH")), HasSubstr("'e' is neither"));
  EXPECT_THAT(refusal(replaced(text, "(200)\nT 1abc_A", "(200)\nU 1abc_A")), HasSubstr("without the template's row"));
  EXPECT_THAT(refusal(replaced(text, "Q query", "X query")), HasSubstr("without the query's row"));
  EXPECT_THAT(refusal(replaced(text, "   7 ACD", "999999999999 ACD")), HasSubstr("a row must be"));
}

}  // namespace
}  // namespace foldperf::trainer

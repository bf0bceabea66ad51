#include "trainer/input/fasta.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::HasSubstr;
using testing::input_error;

TEST(Fasta, RecordsInTheirOrder) {
  const auto records = parse_fasta(">one first of two\nmktay IAK\nQR*\n\n>two\r\nACDX\r\n", "x.fasta");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].name, "one");
  EXPECT_EQ(records[0].sequence, "MKTAYIAKQR");
  EXPECT_EQ(records[1].name, "two");
  EXPECT_EQ(records[1].sequence, "ACDX");
}

TEST(Fasta, NamesAreFitForFiles) {
  const auto records = parse_fasta("> sp|P69905|HBA_HUMAN Hemoglobin\nV\n>../../etc/x\nV\n>a-1.5\nV\n", "x.fasta");
  EXPECT_EQ(records[0].name, "sp_P69905_HBA_HUMAN");
  EXPECT_EQ(records[1].name, "_._.._etc_x");
  EXPECT_EQ(records[2].name, "a-1.5");
}

TEST(Fasta, MistakesNameTheLine) {
  const auto error = [](const char* text) { return input_error([&] { parse_fasta(text, "x.fasta"); }); };
  EXPECT_THAT(error("MKT\n"), HasSubstr("x.fasta:1: text before"));
  EXPECT_THAT(error(">a\nMK\n>\nM\n"), HasSubstr("x.fasta:3: a header without a name"));
  EXPECT_THAT(error(">a\nMK\n>b\n>c\nM\n"), HasSubstr("x.fasta:3: 'b' has no residues"));
  EXPECT_THAT(error(">a\nMK-T\n"), HasSubstr("x.fasta:2: '-' in a sequence"));
  EXPECT_THAT(error(">a\nMK*T\n"), HasSubstr("x.fasta:2: 'T' in a sequence"));
  EXPECT_THAT(error(">a|b\nM\n>a:b\nM\n"), HasSubstr("x.fasta:3: a second 'a_b'; the first one is in line 1"));
  EXPECT_THAT(error("\n\n"), HasSubstr("x.fasta: has no sequence"));
  EXPECT_THAT(error((">" + std::string(201, 'a') + "\nM\n").c_str()), HasSubstr("201 characters"));
}

}  // namespace
}  // namespace foldperf::trainer

// Lists of chains, cluster files and the PDB's list of obsolete entries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/cluster_file.hpp"
#include "trainer/input/obsolete_entries.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ChainList, HasOneNameALine) {
  const TemporaryFolder folder;
  const auto file = folder.write("list.txt", "1abc_A\r\n\n  2ABC_b \n1abc_A\nAF-P12345-F1-model_v4");
  EXPECT_THAT(read_chain_list(file), ElementsAre("1abc_A", "2ABC_b", "AF-P12345-F1-model_v4"));
  const auto refused = [](const std::string& text) {
    return input_error([&] { (void)parse_chain_list(text, "list.txt"); });
  };
  EXPECT_THAT(refused("\n \n"), HasSubstr("list.txt: names no chain"));
  EXPECT_THAT(refused("1abc_A\n1abc_B 2abc_A\n"), HasSubstr("list.txt:2: ' ' in a chain's name"));
  EXPECT_THAT(refused("1abc_A,1abc_B\n"), HasSubstr("list.txt:1: ',' in a chain's name"));
  EXPECT_THAT(refused(">1abc_A\nACD\n"), HasSubstr("list.txt:1: '>' in a chain's name"));
}

TEST(ChainList, ComparesEntriesRegardlessOfCase) {
  EXPECT_EQ(with_small_entry("1ABC_Ab"), "1abc_Ab");
  EXPECT_EQ(with_small_entry("MODEL_1_A"), "model_1_A");
  EXPECT_EQ(with_small_entry("1ABC"), "1abc");
  ChainListFilter list({"1ABC_A", "2abc", "3abc_A", "model_1"});
  EXPECT_TRUE(list.may_admit("1abc"));
  EXPECT_TRUE(list.may_admit("2ABC"));
  EXPECT_TRUE(list.may_admit("MODEL_1"));
  EXPECT_FALSE(list.may_admit("4abc"));
  EXPECT_TRUE(list.admits("1abc_A", "1abc"));
  EXPECT_FALSE(list.admits("1abc_a", "1abc"));
  EXPECT_TRUE(list.admits("2ABC_C", "2ABC"));
  EXPECT_TRUE(list.admits("model_1_A", "model_1"));
  EXPECT_FALSE(list.admits("model_2_A", "model_2"));
  EXPECT_EQ(list.left_out(), 2U);
  EXPECT_THAT(list.unused(), ElementsAre("3abc_A"));
}

TEST(ClusterFile, CountsTheChainsOfEachLine) {
  const ClusterSizes clusters =
      ClusterSizes::parse("1ABC_A 2abc_B\t3ABC_C\r\n\n  AF-P12345-F1-model_v4_A  \n4abc_D 2ABC_b", "clusters.txt");
  EXPECT_EQ(clusters.find("1abc_a"), 3);
  EXPECT_EQ(clusters.find("3ABC_C"), 3);
  EXPECT_EQ(clusters.find("AF-P12345-F1-model_v4_A"), 1);
  EXPECT_EQ(clusters.find("2abc_B"), 2) << "the last line counts";
  EXPECT_EQ(clusters.find("9abc_A"), std::nullopt);
  EXPECT_EQ(clusters.chain_count(), 5U);
  const TemporaryFolder folder;
  EXPECT_EQ(ClusterSizes::read(folder.write("c.txt", "1abc_A")).find("1ABC_A"), 1);
}

TEST(ClusterFile, RefusesWhatIsNone) {
  const auto refused = [](const std::string& text) {
    return input_error([&] { (void)ClusterSizes::parse(text, "clusters.txt"); });
  };
  EXPECT_THAT(refused("1abc_A\n1abc_B,2abc_A\n"), HasSubstr("clusters.txt:2: ',' in a chain's name"));
  EXPECT_THAT(refused(">1abc_A\nACD\n"), HasSubstr("clusters.txt:1: '>'"));
  EXPECT_THAT(refused(std::string("1abc_A\0", 7)), HasSubstr("byte 0x00"));
  EXPECT_THAT(refused(" \n\n"), HasSubstr("holds no cluster"));
  EXPECT_THAT(input_error([] { (void)ClusterSizes::read("/nowhere/c.txt"); }), HasSubstr("no such file"));
}

// The map is what OpenFold's templates._parse_obsolete made of the same text.
TEST(ObsoleteEntries, AreFollowedToTheLastReplacement) {
  const ObsoleteEntries entries = ObsoleteEntries::parse(
      " LIST OF OBSOLETE COORDINATE ENTRIES AND SUCCESSORS\n"
      "OBSLTE    31-JUL-94 116L     216L\n"
      "OBSLTE    29-JAN-96 125D     1AW6 \n"
      "OBSLTE    30-MAR-89 1AB2\n"
      "OBSLTE    26-SEP-06 1ABC     2ABC 3ABC\n"
      "OBSLTE    26-SEP-07 2ABC     4ABC\n"
      "OBSLTE    26-SEP-08 4ABC     5ABC\n",
      "obsolete.dat");
  EXPECT_EQ(entries.replacement("116l"), "216l");
  EXPECT_EQ(entries.replacement("125D"), "1aw6");
  EXPECT_EQ(entries.replacement("1abc"), "5abc");
  EXPECT_EQ(entries.replacement("2abc"), "5abc");
  EXPECT_EQ(entries.replacement("4abc"), "5abc");
  EXPECT_EQ(entries.replacement("1ab2"), std::nullopt);
  EXPECT_EQ(entries.size(), 5U);
}

TEST(ObsoleteEntries, ALongLineOfReplacementsIsFollowed) {
  // From the last to the first name in the order of walking, so that nothing is known before.
  std::string text;
  const auto id = [](int number) {
    std::string name = "0000";
    for (std::size_t i = 4; i-- > 1; number /= 36) name[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
    return name;
  };
  for (int i = 0; i < 40000; ++i) text += "OBSLTE    31-JUL-94 " + id(i) + "     " + id(i + 1) + "\n";
  EXPECT_EQ(ObsoleteEntries::parse(text, "obsolete.dat").replacement(id(0)), id(40000));
}

TEST(ObsoleteEntries, RefusesDamagedListsAndCircles) {
  const auto refused = [](const std::string& text) {
    return input_error([&] { (void)ObsoleteEntries::parse(text, "obsolete.dat"); });
  };
  const std::string good = "OBSLTE    31-JUL-94 116L     216L\n";
  EXPECT_THAT(refused(good + "OBSLTE    31-JUL"), HasSubstr("obsolete.dat:2: no PDB id in columns 21 to 24"));
  EXPECT_THAT(refused(good + "OBSLTE    31-JUL-94 117L     21"),
              HasSubstr("obsolete.dat:2: no PDB id in columns 30 to 33"));
  EXPECT_THAT(refused("OBSLTE    31-JUL-94 LLLL     216L"), HasSubstr("columns 21 to 24"));
  EXPECT_THAT(refused(good + "OBSLTE    31-JUL-94 216L     116L"), HasSubstr("replace each other in a circle"));
  EXPECT_THAT(refused("OBSLTE    31-JUL-94 116L     116L"), HasSubstr("obsolete.dat:1: the entries '116l' and '116l'"));
  EXPECT_THAT(input_error([] { (void)ObsoleteEntries::read("/nowhere/o.dat"); }), HasSubstr("no such file"));
}

}  // namespace
}  // namespace foldperf::trainer

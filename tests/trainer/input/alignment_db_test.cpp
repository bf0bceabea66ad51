#include "trainer/input/alignment_db.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The message of a database of ten bytes with this index.
std::string refused(const std::string& index) {
  const TemporaryFolder folder;
  folder.write("db_0.db", "0123456789");
  folder.write("bad.db", "0123456789");
  const auto path = folder.write("bad.index", index);
  std::string message = input_error([&] { const AlignmentDb db(path); });
  EXPECT_THAT(message, HasSubstr("bad.index"));
  return message;
}

TEST(AlignmentDb, ReadsAnIndexOfSeveralShards) {
  const TemporaryFolder folder;
  folder.write("db_0.db", "0123456789");
  folder.write("db_1.db", "abcdef");
  const AlignmentDb db(folder.write("super.index", R"({
    "1abc_A": {"db": "db_0.db", "files": [["uniref90_hits.sto", 4, 6], ["bfd_uniclust_hits.a3m", 0, 4]]},
    "2abc_B": {"db": "db_1.db", "files": [["uniref90_hits.sto", 0, 6]]},
    "3abc_C": {"db": "db_0.db", "files": [["uniref90_hits.sto", 4, 6], ["bfd_uniclust_hits.a3m", 0, 4]]},
    "4abc_D": {"db": "db_1.db", "files": []}})"));
  EXPECT_THAT(db.chains(), ElementsAre("1abc_A", "2abc_B", "3abc_C", "4abc_D"));
  EXPECT_THAT(db.file_names("1abc_A"), ElementsAre("bfd_uniclust_hits.a3m", "uniref90_hits.sto"));
  EXPECT_EQ(db.read("1abc_A", "bfd_uniclust_hits.a3m"), "0123");
  EXPECT_EQ(db.read("1abc_A", "uniref90_hits.sto"), "456789");
  EXPECT_EQ(db.read("2abc_B", "uniref90_hits.sto"), "abcdef");
  EXPECT_EQ(db.read("3abc_C", "uniref90_hits.sto"), "456789") << "a chain with the ranges of another one";
  EXPECT_THAT(db.file_names("4abc_D"), IsEmpty());
  EXPECT_THAT(db.file_names("9abc_A"), IsEmpty());
  EXPECT_EQ(db.db_file("2abc_B"), folder / "db_1.db");
}

TEST(AlignmentDb, ReadsTheIndexOfOneShard) {
  const TemporaryFolder folder;
  folder.write("part.db", "0123456789");
  const AlignmentDb db(folder.write("part.index", R"({"1abc_A": [["a.a3m", 0, 3], ["b.a3m", 3, 0]]})"));
  EXPECT_EQ(db.read("1abc_A", "a.a3m"), "012");
  EXPECT_EQ(db.read("1abc_A", "b.a3m"), "");
}

TEST(AlignmentDb, TheDatabasesMayLieElsewhere) {
  const TemporaryFolder folder;
  folder.write("shards/db_0.db", "0123456789");
  const auto index = folder.write("index/x.index", R"({"1abc_A": {"db": "db_0.db", "files": [["a.a3m", 9, 1]]}})");
  EXPECT_EQ(AlignmentDb(index, folder / "shards").read("1abc_A", "a.a3m"), "9");
  EXPECT_THAT(
      input_error([&] { const AlignmentDb db(index); }),
      AllOf(HasSubstr("x.index: chain '1abc_A': its database"), HasSubstr("db_0.db cannot be opened: No such")));
}

TEST(AlignmentDb, RefusesAnIndexOfAnotherForm) {
  EXPECT_THAT(refused("{"), HasSubstr("bad.index:1: is not valid JSON"));
  EXPECT_THAT(refused("[1, 2]"), HasSubstr("is no JSON object"));
  EXPECT_THAT(refused("{}"), HasSubstr("names no chain"));
  EXPECT_THAT(refused(R"({"1abc_A": 7})"), HasSubstr("chain '1abc_A': is neither {\"db\""));
  EXPECT_THAT(refused(R"({"1abc_A": {"db": 7, "files": []}})"), HasSubstr("chain '1abc_A': is neither"));
  EXPECT_THAT(refused(R"({"1abc_A": {"db": "db_0.db"}})"), HasSubstr("chain '1abc_A': is neither"));
  EXPECT_THAT(refused(R"({"1abc_A": {"db": "", "files": []}})"), HasSubstr("name of its .db file is empty"));
  EXPECT_THAT(refused(R"({"1abc_A": {"db": "nul\u0000", "files": []}})"), HasSubstr("is empty or damaged"));
  EXPECT_THAT(refused(R"({"1abc_A": {"db": ".", "files": []}})"), HasSubstr("no regular file"));
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 0]]})"), HasSubstr("not listed as [name, start, size]"));
  EXPECT_THAT(refused(R"({"1abc_A": [[7, 0, 1]]})"), HasSubstr("not listed as [name, start, size]"));
  EXPECT_THAT(refused(R"({"1abc_A": ["a.a3m"]})"), HasSubstr("not listed as [name, start, size]"));
  EXPECT_THAT(refused(R"({"1abc_A": [["", 0, 1]]})"), HasSubstr("a file has no name"));
}

TEST(AlignmentDb, ChecksRangesAgainstTheFile) {
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 4, 7]]})"),
              AllOf(HasSubstr("chain '1abc_A': file 'a.a3m': bytes 4 + 7"), HasSubstr("bad.db (10 bytes)")));
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 11, 0]]})"), HasSubstr("end behind the end"));
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 5, 18446744073709551615]]})"), HasSubstr("end behind the end"))
      << "the sum overflows";
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", -1, 3]]})"), HasSubstr("whole numbers of bytes"));
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 1.5, 3]]})"), HasSubstr("whole numbers of bytes"));
  EXPECT_THAT(refused(R"({"1abc_A": [["a.a3m", 1, 1e30]]})"), HasSubstr("whole numbers of bytes"));
}

TEST(AlignmentDb, SaysWhatCannotBeRead) {
  const TemporaryFolder folder;
  folder.write("part.db", "0123456789");
  const AlignmentDb db(folder.write("part.index", R"({"1abc_A": [["a.a3m", 0, 10]]})"));
  EXPECT_THAT(input_error([&] { (void)db.read("9abc_A", "a.a3m"); }),
              HasSubstr("part.index: chain '9abc_A', file 'a.a3m': no such chain"));
  EXPECT_THAT(input_error([&] { (void)db.read("1abc_A", "b.a3m"); }), HasSubstr("no such file in the index"));
  std::filesystem::resize_file(folder / "part.db", 5);
  EXPECT_THAT(input_error([&] { (void)db.read("1abc_A", "a.a3m"); }), HasSubstr("has become shorter"));
}

TEST(AlignmentDb, ManyThreadsReadAtOnce) {
  constexpr int chains = 50;
  const TemporaryFolder folder;
  std::string bytes;
  std::string index = "{";
  const auto content = [](int chain) {
    return std::string(static_cast<std::size_t>(1000 + 37 * chain), char('A' + chain % 26));
  };
  for (int chain = 0; chain < chains; ++chain) {
    index += (chain == 0 ? "\"" : ", \"") + std::to_string(chain) + "\": [[\"x.a3m\", " + std::to_string(bytes.size()) +
             ", " + std::to_string(content(chain).size()) + "]]";
    bytes += content(chain);
  }
  folder.write("part.db", bytes);
  const AlignmentDb db(folder.write("part.index", index + "}"));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; ++i) {
        const int chain = (i * 7 + thread * 13) % chains;
        if (db.read(std::to_string(chain), "x.a3m") != content(chain)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace foldperf::trainer

#include "trainer/input/archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "core/database/sqlite.hpp"
#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"
#include "trainer/input/archive_writer.hpp"
#include "trainer/input/compression.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
namespace sqlite = database::sqlite;

using ::foldperf::testing::input_error;
using ::foldperf::testing::message_of;
using ::foldperf::testing::read_file;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* schema = "CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB);";

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// What the archives of these tests hold: short, long, empty, and what does not become shorter.
std::map<std::string, std::string> contents() {
  return {{"a/empty", ""},
          {"a/letters", std::string(300'000, 'A') + "B"},
          {"a/noise", noise(200'000)},
          {"b", "short"},
          {"c/\xc3\xa9", std::string("\0x", 2)}};
}

fs::path write_archive(const fs::path& file) {
  ArchiveWriter writer(file);
  for (const auto& [name, bytes] : contents()) writer.add(name, pack_bytes(bytes));
  writer.add_link("d", "a");
  writer.add_link("a/again", "../b");
  writer.finish();
  return file;
}

// An archive made by SQL.
fs::path write_sql(const fs::path& file, const std::string& sql) {
  fs::remove(file);
  sqlite::Connection(file.string(), sqlite::OpenMode::create, file.string()).exec(sql);
  return file;
}

std::vector<std::string> names_of(const ArchiveReader& archive, std::string_view prefix) {
  std::vector<std::string> names;
  archive.for_each_name(prefix, [&](std::string_view name) { names.emplace_back(name); });
  return names;
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(folder)) names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Compression, BytesComeBack) {
  for (const auto& [name, bytes] : contents()) {
    EXPECT_EQ(inflate_bytes(deflate_bytes(bytes, 6), bytes.size(), "x"), bytes) << name;
  }
}

TEST(Compression, RefusesWhatIsDamaged) {
  const std::string bytes(5000, 'A');
  const std::string packed = deflate_bytes(bytes, 6);
  const auto refused = [&](const std::string& damaged, std::uint64_t size) {
    return input_error([&] { (void)inflate_bytes(damaged, size, "there"); });
  };
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{4999}, std::uint64_t{5001}, std::uint64_t{1} << 31}) {
    EXPECT_THAT(refused(packed, size), AllOf(StartsWith("there: is said to have "), HasSubstr("not what it"))) << size;
  }
  EXPECT_THAT(refused(packed, std::uint64_t{1} << 40), HasSubstr("larger than 4 GiB"));
  EXPECT_THAT(refused(packed + "x", 5000), HasSubstr("not what it decompresses to"));
  for (std::size_t size = 5; size < packed.size(); ++size) {
    EXPECT_THAT(refused(packed.substr(0, size), 5000), HasSubstr("damaged or truncated")) << size;
  }
  std::string wrong = packed;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  EXPECT_THAT(refused(wrong, 5000), HasSubstr("incorrect data check"));
  EXPECT_THAT(refused("plain text", 5000), AllOf(HasSubstr("cannot be decompressed"), HasSubstr("damaged")));
}

TEST(Compression, ReadsGzip) {
  // Made by Python's gzip.compress(b"ACDE", mtime=0).
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\x74\x76\x71\x05\x00\xc3\xec\x93\xe2\x04\x00\x00\x00", 24);
  EXPECT_TRUE(is_gzip(packed));
  EXPECT_FALSE(is_gzip("\x1f"));
  EXPECT_EQ(gunzip_bytes(packed, "x"), "ACDE");
  EXPECT_EQ(gunzip_bytes(packed + packed, "x"), "ACDEACDE");
  EXPECT_EQ(gunzip_bytes(packed + std::string(512, '\0'), "x"), "ACDE") << "as gzip does";
  for (std::size_t size = 2; size < packed.size(); ++size) {
    EXPECT_THAT(input_error([&] { (void)gunzip_bytes(packed.substr(0, size), "there"); }),
                AllOf(StartsWith("there: "), HasSubstr("unexpected end")));
  }
}

TEST(Archive, GivesBackWhatWasPutIn) {
  const TemporaryFolder folder;
  const fs::path file = write_archive(folder / "x.sqlar");
  EXPECT_THAT(files_in(folder.path()), ElementsAre("x.sqlar"));
  EXPECT_TRUE(is_archive(file));
  const ArchiveReader archive(file);
  for (const auto& [name, bytes] : contents()) {
    EXPECT_EQ(archive.read(name), bytes) << name;
    EXPECT_EQ(archive.kind(name), ArchiveReader::Kind::file);
  }
  EXPECT_LT(fs::file_size(file), 300'000U) << "letters are compressed";
  EXPECT_THAT(names_of(archive, "a/"), ElementsAre("a/again", "a/empty", "a/letters", "a/noise"));
  EXPECT_THAT(names_of(archive, "c/"), ElementsAre("c/\xc3\xa9"));
  EXPECT_THAT(names_of(archive, "e"), ElementsAre());
  EXPECT_EQ(archive.kind("a"), ArchiveReader::Kind::none);
  EXPECT_EQ(archive.kind("d"), ArchiveReader::Kind::link);
  EXPECT_EQ(archive.follow("d"), "a");
  EXPECT_EQ(archive.follow("a/again"), "b");
  EXPECT_EQ(archive.follow("nothing"), "nothing");
  EXPECT_EQ(archive.read("a/again"), "short");
  EXPECT_EQ(archive.place("b"), file.string() + "(b)");
  EXPECT_THAT(input_error([&] { (void)archive.read("nothing"); }),
              AllOf(StartsWith(file.string() + "(nothing)"), HasSubstr("no such file in the archive")));
}

TEST(Archive, ManyThreadsReadAtOnce) {
  const TemporaryFolder folder;
  const ArchiveReader archive(write_archive(folder / "x.sqlar"));
  const auto expected = contents();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        bool is_right = names_of(archive, "a/").size() == 4;
        for (const auto& [name, bytes] : expected) is_right = is_right && archive.read(name) == bytes;
        if (is_right) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
}

TEST(Archive, NamesWhatIsNoArchive) {
  const TemporaryFolder folder;
  const auto refused = [](const fs::path& file) {
    const std::string message = input_error([&] { const ArchiveReader archive(file); });
    EXPECT_THAT(message, StartsWith(file.string() + ": "));
    return message;
  };
  EXPECT_THAT(refused(folder / "none"), HasSubstr("no such archive"));
  EXPECT_THAT(refused(folder.path()), HasSubstr("is no archive"));
  EXPECT_THAT(refused(folder.write("text", "SQLite format 3")), HasSubstr("is no archive"));
  EXPECT_THAT(refused(folder.write("header", std::string("SQLite format 3\0", 16))), HasSubstr("is damaged"));
  const auto other = [&](const std::string& sql) { return refused(write_sql(folder / "other", sql)); };
  EXPECT_THAT(other("CREATE TABLE runs(id INTEGER)"), HasSubstr("an SQLite file but no archive"));
  EXPECT_THAT(other("CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode INT, sz INT)"), HasSubstr("no such column: data"));
  EXPECT_THAT(other("CREATE TABLE t(name, mode, mtime, sz, data); CREATE VIEW sqlar AS SELECT * FROM t"),
              HasSubstr("but no archive"));
  EXPECT_THAT(other("CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode, mtime, sz, data) WITHOUT ROWID"),
              HasSubstr("but no archive"));
  write_archive(folder / "cut.sqlar");
  folder.write("cut.sqlar-journal", "x");
  EXPECT_THAT(refused(folder / "cut.sqlar"), HasSubstr("its writer did not finish"));
}

TEST(Archive, MembersThatLieAreNamed) {
  const TemporaryFolder folder;
  const fs::path file =
      write_sql(folder / "x.sqlar", std::string(schema) +
                                        "INSERT INTO sqlar VALUES('long', 33188, 0, 1000, x'414141');"
                                        "INSERT INTO sqlar VALUES('short', 33188, 0, 1, x'414141');"
                                        "INSERT INTO sqlar VALUES('huge', 33188, 0, 9223372036854775807, x'414141');"
                                        "INSERT INTO sqlar VALUES('negative', 33188, 0, -5, x'414141');"
                                        "INSERT INTO sqlar VALUES('number', 33188, 0, 3, 414141);"
                                        "INSERT INTO sqlar VALUES('null', 33188, 0, 3, NULL);"
                                        "INSERT INTO sqlar VALUES('folder', 16877, 0, 0, NULL);"
                                        "INSERT INTO sqlar VALUES('out', 41471, 0, -1, '../x');"
                                        "INSERT INTO sqlar VALUES('root', 41471, 0, -1, '/x');"
                                        "INSERT INTO sqlar VALUES('nowhere', 41471, 0, -1, 'x');"
                                        "INSERT INTO sqlar VALUES('blank', 41471, 0, -1, '');"
                                        "INSERT INTO sqlar VALUES('circle', 41471, 0, -1, 'circle');"
                                        "INSERT INTO sqlar VALUES('text', NULL, NULL, 3, 'AAA');");
  const ArchiveReader archive(file);
  const auto refused = [&](const std::string& name, const std::string& place) {
    const std::string message = input_error([&] { (void)archive.read(name); });
    EXPECT_THAT(message, StartsWith(file.string() + "(" + place + "): "));
    return message;
  };
  EXPECT_THAT(refused("long", "long"), HasSubstr("cannot be decompressed"));
  EXPECT_THAT(refused("short", "short"), HasSubstr("damaged"));
  EXPECT_THAT(refused("huge", "huge"), HasSubstr("larger than 4 GiB"));
  EXPECT_THAT(refused("negative", "negative"), HasSubstr("size is negative"));
  EXPECT_THAT(refused("number", "number"), HasSubstr("cannot be read"));
  EXPECT_THAT(refused("null", "null"), HasSubstr("cannot be decompressed"));
  EXPECT_THAT(refused("folder", "folder"), HasSubstr("is a folder"));
  EXPECT_THAT(refused("out", "out"), HasSubstr("out of the archive"));
  EXPECT_THAT(refused("root", "root"), HasSubstr("out of the archive"));
  EXPECT_THAT(refused("blank", "blank"), HasSubstr("out of the archive"));
  EXPECT_THAT(refused("nowhere", "x"), HasSubstr("no such file"));
  EXPECT_THAT(refused("circle", "circle"), HasSubstr("without end"));
  EXPECT_EQ(archive.read("text"), "AAA") << "after all these";
}

TEST(Archive, AFileThatWasReplacedIsNoticed) {
  const TemporaryFolder folder;
  const fs::path file = write_archive(folder / "x.sqlar");
  const ArchiveReader archive(file);
  ArchiveWriter writer(file, {.overwrite = true});
  writer.add("b", pack_bytes("another"));
  writer.finish();
  EXPECT_EQ(archive.read("b"), "short") << "as it was opened";
  // The connection is in use: another one is needed.
  EXPECT_THAT(input_error([&] { archive.for_each_name("b", [&](std::string_view) { (void)archive.read("b"); }); }),
              HasSubstr("was changed while it was in use"));
  EXPECT_EQ(ArchiveReader(file).read("b"), "another");
}

// A copy with wrong bytes, or cut: every call gives a result or an InputError that names the archive.
TEST(Archive, DamagedCopiesAreRefusedOrRead) {
  const TemporaryFolder folder;
  const std::string bytes = [&] {
    ArchiveWriter writer(folder / "whole.sqlar", {.time = 0});
    for (int i = 0; i < 300; ++i) {
      writer.add("alignments/" + std::to_string(i) + "_A/hits.a3m", pack_bytes(std::string(400, 'A')));
    }
    writer.add("alignments/noise", pack_bytes(noise(60'000)));
    writer.add_link("alignments/link", "17_A");
    writer.finish();
    return read_file(folder / "whole.sqlar");
  }();
  std::mt19937 random(11);
  int refused = 0;
  int read = 0;
  for (int round = 0; round < 400; ++round) {
    std::string damaged = bytes;
    // Half of the damage to the first page of all and to those of names and rows, which are the first ones.
    const std::size_t reach = round % 2 == 0 ? 3 * 16384 : damaged.size();
    for (int i = 0; i < 1 + round % 30; ++i) damaged[random() % reach] = static_cast<char>(random());
    if (round % 5 == 0) damaged.resize(random() % damaged.size());
    const fs::path file = folder.write("damaged.sqlar", damaged);
    try {
      const ArchiveReader archive(file);
      const std::vector<std::string> names = names_of(archive, "alignments/");
      for (const std::string& name : names) {
        EXPECT_THAT(name, StartsWith("alignments/"));
        try {
          (void)archive.read(name);
          ++read;
        } catch (const InputError& error) {
          ++refused;
          EXPECT_THAT(error.what(), HasSubstr("damaged.sqlar"));
        }
      }
    } catch (const InputError& error) {
      ++refused;
      EXPECT_THAT(error.what(), HasSubstr("damaged.sqlar"));
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(read, 100);
}

TEST(ArchiveWriter, RefusesToOverwriteAndLeavesNothingHalf) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("x.sqlar", "precious");
  EXPECT_THAT(message_of<UsageError>([&] { const ArchiveWriter writer(file); }), HasSubstr("is there already"));
  EXPECT_THAT(message_of<UsageError>([&] { const ArchiveWriter writer(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(message_of<SystemError>([&] { const ArchiveWriter writer(folder / "none/x.sqlar"); }),
              HasSubstr("none: no such folder"));
  {
    ArchiveWriter writer(file, {.overwrite = true});
    writer.add("a", pack_bytes("x"));
    EXPECT_EQ(files_in(folder.path()).size(), 2U) << "while it is written";
  }
  EXPECT_THAT(files_in(folder.path()), ElementsAre("x.sqlar"));
  EXPECT_EQ(read_file(file), "precious");
  ArchiveWriter late(folder / "late.sqlar");
  late.add("a", pack_bytes("x"));
  folder.write("late.sqlar", "another's");
  EXPECT_THAT(message_of<UsageError>([&] { late.finish(); }), HasSubstr("is there already"));
  EXPECT_THAT(files_in(folder.path()), ElementsAre("late.sqlar", "x.sqlar"));
}

TEST(ArchiveWriter, RefusesNamesThatAreNone) {
  const TemporaryFolder folder;
  ArchiveWriter writer(folder / "x.sqlar");
  for (const std::string name : {"", "/a", "../a", "a/../b", "./a", "a/", "a//b", "..", "."}) {
    EXPECT_THAT(input_error([&] { writer.add(name, pack_bytes("x")); }),
                AllOf(HasSubstr("x.sqlar(" + name + ")"), HasSubstr("is no name for a member")))
        << name;
  }
  EXPECT_THROW(writer.add(std::string_view("a\0b", 3), pack_bytes("x")), InputError);
  writer.add("...", pack_bytes("x"));
  EXPECT_THAT(input_error([&] { writer.add("...", pack_bytes("y")); }), HasSubstr("is added twice"));
}

// Python has SQLite and zlib of its own. It unpacks ours with nothing but them.
TEST(ArchiveFormat, PythonReadsOursAndWeReadPythons) {
  const TemporaryFolder folder;
  const fs::path ours = write_archive(folder / "ours.sqlar");
  const fs::path theirs = folder / "theirs.sqlar";
  const fs::path script = folder.write("copy.py", R"py(
import sqlite3, sys, zlib
ours, theirs = (sqlite3.connect(path) for path in sys.argv[1:])
(schema,), = ours.execute("SELECT sql FROM sqlite_schema WHERE name = 'sqlar'")
assert schema == "CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB)", schema
assert ours.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
theirs.execute(schema)
for name, mode, mtime, size, data in ours.execute("SELECT * FROM sqlar"):
    link = mode == 0o120777
    assert (link or mode == 0o100644) and mtime > 1.5e9, (name, mode, mtime, size)
    if not link and size != len(data):
        assert len(data) < size, name
        data = zlib.decompress(data)
        assert len(data) == size, name
        data = zlib.compress(data, 1)
    theirs.execute("INSERT INTO sqlar VALUES(?, ?, ?, ?, ?)", (name, mode, mtime, size, data))
theirs.commit()
)py");
  const auto result = testing::run_process({"python3", script.string(), ours.string(), theirs.string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const ArchiveReader archive(theirs);
  for (const auto& [name, bytes] : contents()) EXPECT_EQ(archive.read(name), bytes) << name;
  EXPECT_EQ(archive.read("a/again"), "short");
}

TEST(ArchiveFormat, TheSqliteProgramExtractsOursAndWeReadIts) {
  const TemporaryFolder folder;
  testing::ProcessOptions there;
  there.working_directory = folder.path();
  try {
    if (testing::run_process({"sqlite3", "-version"}, there).exit_code != 0) GTEST_SKIP() << "no sqlite3 program";
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "no sqlite3 program";
  }
  write_archive(folder / "ours.sqlar");
  fs::create_directory(folder / "out");
  auto result = testing::run_process({"sqlite3", "ours.sqlar", "-A", "-x", "-C", "out"}, there);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  for (const auto& [name, bytes] : contents()) EXPECT_EQ(read_file(folder / ("out/" + name)), bytes) << name;
  EXPECT_EQ(fs::read_symlink(folder / "out/d"), "a");
  EXPECT_EQ(read_file(folder / "out/a/again"), "short");
  result = testing::run_process({"sqlite3", "its.sqlar", "-A", "-c", "-C", "out", "a", "b", "c", "d"}, there);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const ArchiveReader archive(folder / "its.sqlar");
  for (const auto& [name, bytes] : contents()) EXPECT_EQ(archive.read(name), bytes) << name;
  EXPECT_EQ(archive.kind("a"), ArchiveReader::Kind::folder);
  EXPECT_EQ(archive.follow("d"), "a");
  EXPECT_EQ(archive.read("a/again"), "short");
}

}  // namespace
}  // namespace foldperf::trainer

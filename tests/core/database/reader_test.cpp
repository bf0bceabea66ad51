#include "core/database/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cctype>
#include <random>

#include "core/database/merger.hpp"
#include "core/database/sqlite.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string good_file(const TemporaryFolder& folder, int ranges = 500) {
  const std::string path = folder / "good.foldperf";
  RunWriter writer(path, process(0));
  writer.add(records::NvtxDomainRecord{1, "foldperf"});
  writer.add(records::NvtxCategoryRecord{1, 1, "step"});
  for (int i = 0; i < ranges; ++i) {
    const std::string text = "module " + std::to_string(i % 50);
    auto record = range(i * 10, i * 10 + 9, text, 1);
    record.category = 1;
    writer.add(record);
    if (i % 100 == 0) writer.add(fact(i * 10, R"({"kind":"step","step":)" + std::to_string(i / 100) + "}", 1));
  }
  writer.close();
  return path;
}

// Reads everything that analyses read.
void read_all(const std::string& path) {
  const RunReader reader(path);
  (void)reader.run();
  (void)reader.ranks();
  (void)reader.steps();
  (void)reader.batches();
  (void)reader.metrics();
  (void)reader.workloads();
  (void)reader.dropped();
  (void)reader.collectors();
  (void)reader.thread_names();
  reader.for_each_nvtx({}, [](const NvtxRow&) {});
}

void expect_one_line(const std::string& message, const std::string& path) {
  EXPECT_THAT(message, ::testing::StartsWith(path + ": "));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

TEST(RunReader, WhatIsNoRunDatabaseIsSaidInOneLine) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& path) {
    const std::string message = message_of<InputError>([&] { read_all(path); });
    expect_one_line(message, path);
    return message;
  };
  EXPECT_THAT(says(folder / "none"), HasSubstr("no such file"));
  EXPECT_THAT(says(folder.path()), HasSubstr("is a folder"));
  testing::write_file(folder / "empty", "");
  EXPECT_THAT(says(folder / "empty"), HasSubstr("is empty"));
  testing::write_file(folder / "text", std::string(5000, 'a'));
  EXPECT_THAT(says(folder / "text"), HasSubstr("is not a run database"));
  std::mt19937 random(7);
  std::string noise(20000, 0);
  for (char& c : noise) c = static_cast<char>(random());
  testing::write_file(folder / "noise", noise);
  EXPECT_THAT(says(folder / "noise"), HasSubstr("is not a run database"));
  testing::write_file(folder / "header only", std::string("SQLite format 3\0", 16) + noise);
  says(folder / "header only");
  {
    sqlite::Connection other(folder / "other.db", sqlite::OpenMode::create, "other");
    other.exec("CREATE TABLE t(x)");
  }
  EXPECT_THAT(says(folder / "other.db"), HasSubstr("is an SQLite database, but not a run"));
}

TEST(RunReader, TruncatedFileIsDamaged) {
  const TemporaryFolder folder;
  const std::string bytes = testing::read_file(good_file(folder));
  for (const double part : {0.1, 0.5, 0.9}) {
    const std::string path = folder / "cut";
    testing::write_file(
        path, std::string_view(bytes).substr(0, static_cast<std::size_t>(part * static_cast<double>(bytes.size()))));
    const std::string message = message_of<InputError>([&] { read_all(path); });
    expect_one_line(message, path);
    EXPECT_THAT(message, HasSubstr("damaged"));
  }
}

TEST(RunReader, FlippedBytesNeverCrash) {
  const TemporaryFolder folder;
  const std::string good = testing::read_file(good_file(folder, 200));
  std::mt19937 random(20240607);
  const std::string path = folder / "flipped";
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    // Half of the time in the first page, where the schema lies.
    const std::size_t span = i % 2 ? bytes.size() : std::size_t{8192};
    for (int flips = 1 + static_cast<int>(random() % 20); flips > 0; --flips) {
      bytes[random() % span] = static_cast<char>(random());
    }
    testing::write_file(path, bytes);
    try {
      read_all(path);
    } catch (const Error& error) {
      ++refused;
      EXPECT_THAT(std::string(error.what()), Not(HasSubstr("\n"))) << i;
    }
    try {
      merge_process_files({path}, folder / "merged.db", {});
      read_all(folder / "merged.db");
    } catch (const Error&) {
      // Nothing of it can be read.
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(RunReader, AStrangersViewsAndTriggersAreNotRun) {
  const TemporaryFolder folder;
  const std::string path = good_file(folder);
  {
    sqlite::Connection db(path, sqlite::OpenMode::read_write, path);
    db.exec("ALTER TABLE steps RENAME TO steps_elsewhere; CREATE VIEW steps AS SELECT * FROM steps_elsewhere");
  }
  EXPECT_THAT(message_of<InputError>([&] { read_all(path); }), HasSubstr("it has no table steps"));
  {
    sqlite::Connection db(path, sqlite::OpenMode::read_write, path);
    db.exec("DROP VIEW steps; CREATE TABLE steps(rank, step)");
  }
  EXPECT_THAT(message_of<InputError>([&] { read_all(path); }), HasSubstr("table steps has no column at"));
}

TEST(RunReader, QueriesOnlyRead) {
  const TemporaryFolder folder;
  const RunReader reader(good_file(folder));
  std::vector<std::int64_t> found;
  reader.query("SELECT step, NULL, 1.5, 'x' FROM steps WHERE step>=?1 AND ?2 IS NULL AND ?3='a' AND ?4>0 ORDER BY step",
               {std::int64_t{3}, nullptr, std::string("a"), 0.5}, [&](const QueryRow& row) {
                 EXPECT_EQ(row.columns(), 4);
                 EXPECT_EQ(row.name(0), "step");
                 EXPECT_TRUE(row.is_null(1));
                 EXPECT_EQ(row.real(2), 1.5);
                 EXPECT_EQ(row.text(3), "x");
                 found.push_back(row.integer(0));
                 return true;
               });
  EXPECT_THAT(found, ElementsAre(3, 4));
  const auto never = [](const QueryRow&) { return true; };
  EXPECT_THROW(reader.query("DELETE FROM steps", {}, never), Error);
  EXPECT_THROW(reader.query("SELECT 1; SELECT 2", {}, never), Error);
  EXPECT_THROW(reader.query("SELEC", {}, never), Error);
  EXPECT_THROW(reader.query("SELECT load_extension('x')", {}, never), Error);
  EXPECT_THROW((void)reader.count("sqlite_schema"), Error);
}

TEST(RunReader, FiltersAndOrder) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  {
    RunWriter writer(path, process(0));
    writer.add(records::NvtxDomainRecord{1, "foldperf"});
    writer.add(range(10, 20, "child"));  // as they end: the inner before the outer
    writer.add(range(10, 20, "parent"));
    writer.add(range(10, 30, "grandparent"));
    auto step = range(5, 40, "step", 1);
    step.category = 1;
    writer.add(step);
    writer.add(fact(10, "{}", 1));
  }
  const RunReader reader(path);
  const auto texts = [&](const NvtxFilter& filter) {
    std::vector<std::string> found;
    reader.for_each_nvtx(filter, [&](const NvtxRow& row) { found.emplace_back(row.text); });
    return found;
  };
  EXPECT_THAT(texts({}), ElementsAre("step", "grandparent", "parent", "child", "{}"));
  NvtxFilter filter;
  filter.domain = "foldperf";
  EXPECT_THAT(texts(filter), ElementsAre("step", "{}"));
  filter.marks = false;
  EXPECT_THAT(texts(filter), ElementsAre("step"));
  filter = {};
  filter.domain = "";
  EXPECT_THAT(texts(filter), ElementsAre("grandparent", "parent", "child"));
  filter = {};
  filter.categories = {1};
  EXPECT_THAT(texts(filter), ElementsAre("step"));
  filter = {};
  filter.rank = 4;
  EXPECT_THAT(texts(filter), ElementsAre());
}

TEST(RunReader, CategoriesOfTheConventionGoByTheirNames) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  {
    // As Python's nvtx package does: categories numbered by first use.
    RunWriter writer(path, process(0));
    writer.add(records::NvtxDomainRecord{4, "foldperf"});
    writer.add(records::NvtxCategoryRecord{4, 1, "module"});
    writer.add(records::NvtxCategoryRecord{4, 2, "step"});
    auto record = range(1, 9, "step", 4);
    record.category = 2;
    writer.add(record);
    record = range(2, 3, "evoformer", 4);
    record.category = 1;
    writer.add(record);
  }
  NvtxFilter filter;
  filter.categories = {static_cast<std::uint32_t>(facts::Category::step)};
  std::vector<std::string> found;
  RunReader(path).for_each_nvtx(filter, [&](const NvtxRow& row) {
    found.emplace_back(row.text);
    EXPECT_EQ(row.category, 1u);
    EXPECT_EQ(row.category_name, "step");
  });
  EXPECT_THAT(found, ElementsAre("step"));
}

TEST(RunReader, ReadsInAFolderThatMayNotBeWritten) {
  const TemporaryFolder folder;
  const std::string path = good_file(folder);
  {
    // As a killed process leaves it: in write-ahead logging, with and without a log.
    sqlite::Connection db(path, sqlite::OpenMode::read_write, path);
    db.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; INSERT INTO steps VALUES(0,99,0,0)");
    std::filesystem::copy_file(path, folder / "killed");
    std::filesystem::copy_file(path + "-wal", folder / "killed-wal");
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(9);  // root may write everywhere
    try {
      const RunReader whole(path);
      const RunReader killed(folder / "killed");
      _exit(whole.steps().size() == 6 && killed.steps().size() == 6 ? 0 : 1);
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(2);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace foldperf::database

#include "core/database/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>

#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using ::testing::HasSubstr;

constexpr std::array<Migration, 3> later{{
    {schema_version + 1, "ALTER TABLE steps ADD COLUMN tokens INTEGER"},
    {schema_version + 2, "UPDATE steps SET tokens=samples*10; CREATE TABLE extra(x INTEGER)"},
    {schema_version + 3, "ALTER TABLE no_such_table ADD COLUMN y"},
}};

TEST(Schema, OlderDatabaseIsUpgradedStepByStep) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  db.exec("INSERT INTO steps VALUES(0,1,2,3)");
  upgrade(db, later, schema_version + 2);
  EXPECT_EQ(db.query_int("PRAGMA user_version"), schema_version + 2);
  EXPECT_EQ(db.query_int("SELECT tokens FROM steps"), 30);
  EXPECT_EQ(db.query_int("SELECT count(*) FROM extra"), 0);
}

TEST(Schema, FailedUpgradeChangesNothing) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  EXPECT_THROW(upgrade(db, later, schema_version + 3), sqlite::SqliteError);
  EXPECT_EQ(db.query_int("PRAGMA user_version"), schema_version);
  EXPECT_EQ(db.query_int("SELECT count(*) FROM pragma_table_info('steps') WHERE name='tokens'"), 0);
}

TEST(Schema, AGapInTheMigrationsIsAnError) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  EXPECT_THAT(message_of<InputError>([&] { upgrade(db, std::span(later).subspan(1), schema_version + 2); }),
              HasSubstr("no migration leads to " + std::to_string(schema_version + 2)));
}

TEST(Schema, MigrationsReachThePresentVersion) {
  int version = 1;
  for (const Migration& step : migrations()) {
    EXPECT_EQ(step.to_version, version + 1);
    version = step.to_version;
  }
  EXPECT_EQ(version, schema_version);
}

// A file as version 1 of the schema wrote it.
void write_version_1(const std::string& path, std::int64_t start_after_ns) {
  sqlite::Connection db(path, sqlite::OpenMode::create, path);
  std::ifstream file(FOLDPERF_VERSION_1_SQL);
  db.exec({std::istreambuf_iterator<char>(file), {}});
  const std::string start = std::to_string(run_start_ns + start_after_ns);
  db.exec("INSERT INTO runs VALUES(1,NULL,'train','/'," + start + ",NULL,NULL,'running','0.1')");
  db.exec("INSERT INTO ranks VALUES(0,1,'node',7,'train'," + start + ",NULL,'finished','',1,1,'',0,'')");
  db.exec(
      "INSERT INTO StringIds VALUES(1,'gemm'); INSERT INTO steps VALUES(0,4,100,1);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(start,\"end\",correlationId,shortName,rank) VALUES(10,20,5,1,0);"
      "INSERT INTO collectives(rank,start,communicator,correlationId) VALUES(0,1,2,5)");
  db.exec("PRAGMA application_id=" + std::to_string(application_id) + "; PRAGMA user_version=1");
}

TEST(Schema, AFileOfVersion1IsReadAndMergedWithNewOnes) {
  const TemporaryFolder folder;
  write_version_1(folder / "old.foldperf", 0);
  {
    RunWriter writer(folder / "new.foldperf", process(1, 8, 1000));
    records::KernelRecord kernel;
    kernel.correlation_id = 5;
    writer.add(kernel);
  }
  const RunReader old(folder / "old.foldperf");
  EXPECT_EQ(old.schema_version(), 1);
  EXPECT_EQ(old.steps().size(), 1u);
  EXPECT_EQ(old.count("range_stacks"), 0);

  const MergeReport report =
      merge_process_files({folder / "new.foldperf", folder / "old.foldperf"}, folder / "run.db", {});
  for (const MergedFile& file : report.files) EXPECT_TRUE(file.used) << file.problem;
  const RunReader run(folder / "run.db");
  EXPECT_EQ(run.schema_version(), schema_version);
  std::vector<std::string> rows;
  run.query(
      "SELECT k.rank||' '||raw_correlationId||' '||COALESCE(s.value,'-') FROM CUPTI_ACTIVITY_KIND_KERNEL k "
      "LEFT JOIN StringIds s ON s.id=k.shortName ORDER BY k.rank",
      {}, [&](const QueryRow& row) {
        rows.emplace_back(row.text(0));
        return true;
      });
  EXPECT_EQ(rows, (std::vector<std::string>{"0 5 gemm", "1 5 -"}));
}

TEST(Schema, NewerDatabaseGivesOneClearLine) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  { RunWriter writer(path, process(0)); }
  {
    sqlite::Connection db(path, sqlite::OpenMode::read_write, path);
    db.exec("PRAGMA user_version=7");
  }
  EXPECT_EQ(message_of<InputError>([&] { RunReader reader(path); }),
            path + ": was written by a newer foldperf (schema 7, this program reads up to " +
                std::to_string(schema_version) + "): upgrade foldperf");
}

}  // namespace
}  // namespace foldperf::database

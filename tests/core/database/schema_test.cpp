#include "core/database/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "core/database/reader.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using ::testing::HasSubstr;

constexpr std::array<Migration, 3> later{{
    {2, "ALTER TABLE steps ADD COLUMN tokens INTEGER"},
    {3, "UPDATE steps SET tokens=samples*10; CREATE TABLE extra(x INTEGER)"},
    {4, "ALTER TABLE no_such_table ADD COLUMN y"},
}};

TEST(Schema, OlderDatabaseIsUpgradedStepByStep) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  db.exec("INSERT INTO steps VALUES(0,1,2,3)");
  upgrade(db, later, 3);
  EXPECT_EQ(db.query_int("PRAGMA user_version"), 3);
  EXPECT_EQ(db.query_int("SELECT tokens FROM steps"), 30);
  EXPECT_EQ(db.query_int("SELECT count(*) FROM extra"), 0);
}

TEST(Schema, FailedUpgradeChangesNothing) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  EXPECT_THROW(upgrade(db, later, 4), sqlite::SqliteError);
  EXPECT_EQ(db.query_int("PRAGMA user_version"), schema_version);
  EXPECT_EQ(db.query_int("SELECT count(*) FROM pragma_table_info('steps') WHERE name='tokens'"), 0);
}

TEST(Schema, AGapInTheMigrationsIsAnError) {
  sqlite::Connection db(":memory:", sqlite::OpenMode::create, "old");
  create_schema(db);
  EXPECT_THAT(message_of<InputError>([&] { upgrade(db, std::span(later).subspan(1), 3); }),
              HasSubstr("no migration leads to 3"));
}

TEST(Schema, MigrationsReachThePresentVersion) {
  int version = 1;
  for (const Migration& step : migrations()) {
    EXPECT_EQ(step.to_version, version + 1);
    version = step.to_version;
  }
  EXPECT_EQ(version, schema_version);
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

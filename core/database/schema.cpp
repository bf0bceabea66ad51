#include "core/database/schema.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "embedded_schema.hpp"

namespace foldperf::database {
namespace {

// Tables and columns as schema.sql makes them: asked of SQLite itself, once.
const std::map<std::string, std::vector<std::string>>& expected_columns() {
  static const auto columns = [] {
    sqlite::Connection memory(":memory:", sqlite::OpenMode::create, "schema");
    memory.exec(std::string(schema_sql()));
    std::map<std::string, std::vector<std::string>> result;
    for (const std::string& table : schema_tables()) result[table] = table_columns(memory, "main", table);
    return result;
  }();
  return columns;
}

}  // namespace

std::string_view schema_sql() { return embedded::schema; }
std::string_view views_sql() { return embedded::views; }
std::span<const Migration> migrations() { return embedded::migrations; }

const std::vector<std::string>& schema_tables() {
  static const auto tables = [] {
    sqlite::Connection memory(":memory:", sqlite::OpenMode::create, "schema");
    memory.exec(std::string(schema_sql()));
    std::vector<std::string> names;
    sqlite::Statement list(memory, "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY rowid");
    while (list.step()) names.emplace_back(list.text(0));
    return names;
  }();
  return tables;
}

std::vector<std::string> table_columns(sqlite::Connection& connection, const std::string& schema,
                                       const std::string& table) {
  sqlite::Statement list(connection, "SELECT name FROM pragma_table_info(?1, ?2) ORDER BY cid");
  list.bind(1, table);
  list.bind(2, schema);
  std::vector<std::string> names;
  while (list.step()) names.emplace_back(list.text(0));
  return names;
}

void create_schema(sqlite::Connection& connection) {
  connection.exec("BEGIN IMMEDIATE");
  connection.exec(std::string(schema_sql()));
  connection.exec("PRAGMA application_id=" + std::to_string(application_id) +
                  "; PRAGMA user_version=" + std::to_string(schema_version) + "; COMMIT");
}

int check_is_run_database(sqlite::Connection& connection, int readable_version) {
  const std::string& name = connection.name();
  const auto id = connection.query_int("PRAGMA application_id");
  const auto version = connection.query_int("PRAGMA user_version");
  if (id != application_id) {
    const auto objects = connection.query_int("SELECT count(*) FROM sqlite_schema");
    throw InputError(name, objects == 0 ? "is an empty database, not a run recorded by foldperf"
                                        : "is an SQLite database, but not a run recorded by foldperf");
  }
  if (version > readable_version) {
    throw InputError(name, "was written by a newer foldperf (schema " + std::to_string(version) +
                               ", this program reads up to " + std::to_string(readable_version) +
                               "): upgrade foldperf");
  }
  if (version < 1) throw InputError(name, "has no schema version: it is damaged, or was never finished");
  return static_cast<int>(version);
}

void check_tables(sqlite::Connection& connection) {
  std::set<std::string> plain;
  // Views have another type, and virtual tables no page of their own.
  sqlite::Statement list(connection, "SELECT name FROM sqlite_schema WHERE type='table' AND rootpage > 0");
  while (list.step()) plain.emplace(list.text(0));
  for (const auto& [table, columns] : expected_columns()) {
    if (!plain.contains(table)) throw InputError(connection.name(), "is damaged: it has no table " + table);
    const auto present = table_columns(connection, "main", table);
    for (const std::string& column : columns) {
      if (std::find(present.begin(), present.end(), column) == present.end()) {
        throw InputError(connection.name(), "is damaged: table " + table + " has no column " + column);
      }
    }
  }
}

void upgrade(sqlite::Connection& connection, std::span<const Migration> steps, int target) {
  auto version = connection.query_int("PRAGMA user_version");
  if (version >= target) return;
  connection.exec("BEGIN IMMEDIATE");
  try {
    for (const Migration& step : steps) {
      if (step.to_version <= version || step.to_version > target) continue;
      if (step.to_version != version + 1) break;
      connection.exec(std::string(step.sql));
      version = step.to_version;
    }
    if (version != target) {
      throw InputError(connection.name(), "has schema " + std::to_string(version) + ", and no migration leads to " +
                                              std::to_string(target));
    }
    connection.exec("PRAGMA user_version=" + std::to_string(target) + "; COMMIT");
  } catch (...) {
    try {
      connection.exec("ROLLBACK");
    } catch (const sqlite::SqliteError&) {
      // The transaction is already gone; the first error is the one to tell.
    }
    throw;
  }
}

}  // namespace foldperf::database

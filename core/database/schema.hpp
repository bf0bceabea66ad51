// The schema of the run database (schema.sql, embedded at build time) and its versions.
//
// A change of the schema edits schema.sql, raises `schema_version`, and adds migrations/NNN.sql, which brings a
// database of version NNN-1 to NNN.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/database/sqlite.hpp"

namespace foldperf::database {

inline constexpr int schema_version = 2;
inline constexpr int application_id = 0x666C6470;  // "fldp": PRAGMA application_id of our files

struct Migration {
  int to_version;
  std::string_view sql;
};

std::string_view schema_sql();
std::string_view views_sql();  // of a merged run, for people: views.sql
std::span<const Migration> migrations();  // ascending

// Names of the tables in the schema, in its order, and the columns of one.
const std::vector<std::string>& schema_tables();
std::vector<std::string> table_columns(sqlite::Connection& connection, const std::string& schema,
                                       const std::string& table);

// Makes an empty database of the present version in `connection`.
void create_schema(sqlite::Connection& connection);

// Checks that this is a run database that this program can read, and gives its version. Throws InputError that says
// what it is instead, or that a newer foldperf wrote it.
int check_is_run_database(sqlite::Connection& connection, int readable_version = schema_version);

// Checks that every table of the schema is there with its columns, as a plain table. Throws InputError.
void check_tables(sqlite::Connection& connection);

// Brings a database to `target` by the migrations above its version, in one transaction.
void upgrade(sqlite::Connection& connection, std::span<const Migration> steps, int target = schema_version);

}  // namespace foldperf::database

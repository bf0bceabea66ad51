#include "core/database/salvage.hpp"

#include <algorithm>

#include "core/database/open_file.hpp"
#include "core/database/schema.hpp"

namespace foldperf::database {
namespace {

constexpr std::int64_t first_chunk = 65536;  // rows tried at once
constexpr int failure_budget = 50000;        // a file made to waste our time ends here

// One table's copy, by ranges of row ids: a range that fails is halved, until single rows are given up.
class TableCopy {
 public:
  TableCopy(sqlite::Connection& connection, const std::string& table, const std::string& columns, int& budget)
      : insert_(connection, "INSERT OR IGNORE INTO main." + table + "(" + columns + ") SELECT " + columns +
                                " FROM damaged." + table + " WHERE rowid BETWEEN ?1 AND ?2"),
        budget_(budget) {}

  // Rows lost among row ids [first, last].
  std::int64_t copy(std::int64_t first, std::int64_t last) {
    if (budget_ <= 0) return last - first + 1;
    try {
      insert_.bind(1, first);
      insert_.bind(2, last);
      insert_.run();
      return 0;
    } catch (const sqlite::SqliteError& error) {
      if (error.disk_full()) throw;
      --budget_;
    }
    if (first == last) return 1;
    const std::int64_t middle = first + (last - first) / 2;
    return copy(first, middle) + copy(middle + 1, last);
  }

 private:
  sqlite::Statement insert_;
  int& budget_;
};

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ",\"") + name + "\"";
  return list;
}

// Columns that both files have: an older version lacks some.
std::string shared_columns(sqlite::Connection& connection, const std::string& table) {
  const auto ours = table_columns(connection, "main", table);
  const auto theirs = table_columns(connection, "damaged", table);
  std::vector<std::string> shared;
  for (const std::string& column : ours) {
    if (std::find(theirs.begin(), theirs.end(), column) != theirs.end()) shared.push_back(column);
  }
  return joined(shared);
}

bool has_rowid(sqlite::Connection& connection, const std::string& table) {
  return connection.query_int("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND name='" + table +
                              "' AND wr=0") > 0;
}

// Rows of a table without row ids, up to the first that cannot be read.
void copy_keyed(sqlite::Connection& connection, const std::string& table, const std::string& columns) {
  sqlite::Statement read(connection, "SELECT " + columns + " FROM damaged." + table);
  std::string marks = "?1";
  for (int i = 2; i <= read.columns(); ++i) marks += ",?" + std::to_string(i);
  sqlite::Statement write(connection,
                          "INSERT OR IGNORE INTO main." + table + "(" + columns + ") VALUES(" + marks + ")");
  while (read.step()) {
    for (int i = 0; i < read.columns(); ++i) {
      if (read.is_null(i)) write.bind_null(i + 1);
      else write.bind(i + 1, read.text(i));  // the column's affinity makes a number of it again
    }
    write.run();
  }
}

}  // namespace

SalvageReport salvage(const std::string& damaged, const std::string& target) {
  SalvageReport report;
  naming_damage(damaged, [&] {
    {
      sqlite::Connection probe(file_uri(damaged, "mode=ro"), sqlite::OpenMode::read_only, damaged);
      probe.exec("PRAGMA trusted_schema=OFF; PRAGMA writable_schema=ON");
      check_is_run_database(probe);
    }
    sqlite::Connection connection(target, sqlite::OpenMode::create, damaged);
    connection.exec("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA trusted_schema=OFF");
    create_schema(connection);
    // The one setting under which SQLite opens a file that is shorter than it says.
    connection.exec("PRAGMA writable_schema=ON");
    sqlite::Statement attach(connection, "ATTACH ?1 AS damaged");
    const std::string uri = file_uri(damaged, "mode=ro");
    attach.bind(1, uri);
    attach.run();
    connection.exec("BEGIN");
    int budget = failure_budget;
    for (const std::string& table : schema_tables()) {
      try {
        const std::string columns = shared_columns(connection, table);
        if (columns.empty()) {
          report.incomplete = true;
          continue;
        }
        if (!has_rowid(connection, table)) {
          copy_keyed(connection, table, columns);
          continue;
        }
        const auto first = connection.query_int("SELECT COALESCE(min(rowid),1) FROM damaged." + table);
        const auto last = connection.query_int("SELECT COALESCE(max(rowid),0) FROM damaged." + table);
        TableCopy copy(connection, table, columns, budget);
        std::int64_t lost = 0;
        for (std::int64_t from = std::max<std::int64_t>(first, 1); from <= last && budget > 0; from += first_chunk) {
          lost += copy.copy(from, std::min(last, from + first_chunk - 1));
          if (from > last - first_chunk) break;
        }
        if (lost > 0) report.lost_rows[table] = lost;
      } catch (const sqlite::SqliteError& error) {
        if (error.disk_full()) throw;
        report.incomplete = true;  // not even the table's extent can be read
      }
    }
    if (budget <= 0) report.incomplete = true;
    connection.exec("COMMIT");
  });
  return report;
}

}  // namespace foldperf::database

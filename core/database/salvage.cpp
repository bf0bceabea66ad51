#include "core/database/salvage.hpp"

#include <algorithm>
#include <memory>

#include "core/database/open_file.hpp"
#include "core/database/schema.hpp"

namespace foldperf::database {
namespace {

constexpr std::int64_t highest_row = std::int64_t{1} << 40;  // no process writes as many
constexpr int failure_budget = 50000;                        // a file made to waste our time ends here

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ",\"") + name + "\"";
  return list;
}

// Columns that both files have: an older version lacks some.
std::vector<std::string> shared_columns(sqlite::Connection& from, sqlite::Connection& to, const std::string& table) {
  const auto theirs = table_columns(from, "main", table);
  std::vector<std::string> shared;
  for (const std::string& column : table_columns(to, "main", table)) {
    if (std::find(theirs.begin(), theirs.end(), column) != theirs.end()) shared.push_back(column);
  }
  return shared;
}

std::string insert_sql(const std::string& table, const std::vector<std::string>& columns) {
  std::string marks = "?1";
  for (std::size_t i = 2; i <= columns.size(); ++i) marks += ",?" + std::to_string(i);
  return "INSERT OR IGNORE INTO " + table + "(" + joined(columns) + ") VALUES(" + marks + ")";
}

// One table's copy in the order of its row ids. Where reading fails it looks further on, in doubling steps, for the
// next row that can be read, and halves its way back to where the hole ends.
class TableCopy {
 public:
  TableCopy(sqlite::Connection& from, sqlite::Connection& to, const std::string& table,
            const std::vector<std::string>& columns, int& budget)
      : read_(from,
              "SELECT rowid," + joined(columns) + " FROM " + table + " WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid"),
        probe_(from, "SELECT rowid," + joined(columns) + " FROM " + table +
                         " WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid LIMIT 1"),
        write_(to, insert_sql(table, columns)),
        columns_(static_cast<int>(columns.size())),
        budget_(budget) {}

  // Copies rows `first` to `last`, and gives how many were lost; `counted` becomes false where that is not known:
  // `last` was a guess, and the table's end cannot be read.
  std::int64_t copy(std::int64_t first, std::int64_t last, bool last_is_known, bool& counted) {
    std::int64_t lost = 0;
    std::int64_t at = first;
    while (!read_from(at)) {
      const std::int64_t good = next_readable(at, last);
      if (good > last) {
        if (last_is_known)
          lost += last - at + 1;
        else
          counted = false;
        break;
      }
      lost += good - at;
      at = good;
    }
    return lost;
  }

 private:
  // True when the table's end was reached; else `at` becomes the first row that cannot be read.
  bool read_from(std::int64_t& at) {
    try {
      read_.reset();
      read_.bind(1, at);
      read_.bind(2, highest_row);
      while (read_.step()) {
        at = std::max(at, read_.integer(0) + 1);
        for (int i = 1; i <= columns_; ++i) write_.bind_column(i, read_, i);
        write_.run();
      }
      return true;
    } catch (const sqlite::SqliteError& error) {
      if (error.disk_full()) throw;
      --budget_;
      return false;
    }
  }

  bool readable(std::int64_t at) {
    try {
      probe_.reset();
      probe_.bind(1, at);
      probe_.bind(2, highest_row);
      return probe_.step();
    } catch (const sqlite::SqliteError&) {
      --budget_;
      return false;
    }
  }

  // The first row after `bad` that can be read, as far as the steps find it; beyond `last` when there is none.
  std::int64_t next_readable(std::int64_t bad, std::int64_t last) {
    std::int64_t step = 1;
    while (budget_ > 0 && step <= last - bad && !readable(bad + step)) step *= 2;
    if (budget_ <= 0) return last + 1;
    if (step > last - bad) {
      if (last <= bad || !readable(last)) return last + 1;
      step = last - bad;
    }
    std::int64_t still_bad = bad + step / 2, good = bad + step;
    while (good - still_bad > 1) {
      const std::int64_t middle = still_bad + (good - still_bad) / 2;
      (readable(middle) ? good : still_bad) = middle;
    }
    return good;
  }

  sqlite::Statement read_, probe_, write_;
  int columns_;
  int& budget_;
};

// Rows of a table without row ids, up to the first that cannot be read.
void copy_keyed(sqlite::Connection& from, sqlite::Connection& to, const std::string& table,
                const std::vector<std::string>& columns) {
  sqlite::Statement read(from, "SELECT " + joined(columns) + " FROM " + table);
  sqlite::Statement write(to, insert_sql(table, columns));
  while (read.step()) {
    for (int i = 0; i < read.columns(); ++i) write.bind_column(i + 1, read, i);
    write.run();
  }
}

bool has_rowid(sqlite::Connection& connection, const std::string& table) {
  return connection.query_int("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND name='" + table +
                              "' AND wr=0") > 0;
}

void salvage_table(sqlite::Connection& from, sqlite::Connection& to, const std::string& table, int& budget,
                   SalvageReport& report) {
  const auto columns = shared_columns(from, to, table);
  if (columns.empty()) {
    report.incomplete = true;
    return;
  }
  if (!has_rowid(to, table)) return copy_keyed(from, to, table, columns);
  std::int64_t last = highest_row;
  bool last_is_known = false;
  try {
    last = std::min(from.query_int("SELECT COALESCE(max(rowid),0) FROM " + table), highest_row);
    last_is_known = true;
  } catch (const sqlite::SqliteError&) {
    // The table's last page is lost: how many rows were on it is not known.
  }
  TableCopy copy(from, to, table, columns, budget);
  bool counted = true;
  const std::int64_t lost = copy.copy(1, last, last_is_known, counted);
  if (lost > 0) report.lost_rows[table] = lost;
  if (!counted) report.incomplete = true;
}

std::unique_ptr<sqlite::Connection> open_damaged(const std::string& path) {
  try {
    auto from = std::make_unique<sqlite::Connection>(file_uri(path, "mode=ro"), sqlite::OpenMode::read_only, path);
    // Writable schemas are the one setting under which SQLite opens a file that is shorter than it says. Nothing is
    // written: the connection is read-only.
    from->exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA writable_schema=ON");
    check_is_run_database(*from);
    return from;
  } catch (const sqlite::SqliteError& error) {
    // Whatever it is, it is this file's and must not end the merge of the others.
    throw InputError(path, error.reason());
  }
}

}  // namespace

SalvageReport salvage(const std::string& damaged, const std::string& target) {
  SalvageReport report;
  naming_damage(damaged, [&] {
    const auto opened = open_damaged(damaged);
    sqlite::Connection& from = *opened;
    sqlite::Connection to(target, sqlite::OpenMode::create, target);
    to.exec("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
    create_schema(to);
    to.exec("BEGIN");
    int budget = failure_budget;
    for (const std::string& table : schema_tables()) {
      try {
        salvage_table(from, to, table, budget, report);
      } catch (const sqlite::SqliteError& error) {
        if (error.disk_full()) throw;
        report.incomplete = true;  // not even the table's extent can be read
      }
    }
    if (budget <= 0) report.incomplete = true;
    to.exec("COMMIT");
  });
  return report;
}

}  // namespace foldperf::database

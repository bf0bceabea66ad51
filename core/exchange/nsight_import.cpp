// Nsight Systems' SQLite export (nsys export --type sqlite): its tables have our columns, or fewer.
#include <algorithm>
#include <set>

#include "core/database/merge_ids.hpp"
#include "core/database/open_file.hpp"
#include "core/database/reader.hpp"
#include "core/database/schema.hpp"
#include "core/exchange/imported_run.hpp"
#include "core/exchange/run_import.hpp"

namespace foldperf::exchange {
namespace {

using database::sqlite::Connection;
using database::sqlite::Statement;

// Tables with times of a process, and the column that tells which.
struct Table {
  const char *name, *process;
};
constexpr Table tables[] = {{"CUPTI_ACTIVITY_KIND_KERNEL", "globalPid"},
                            {"CUPTI_ACTIVITY_KIND_MEMCPY", "globalPid"},
                            {"CUPTI_ACTIVITY_KIND_MEMSET", "globalPid"},
                            {"CUPTI_ACTIVITY_KIND_RUNTIME", "globalTid"},
                            {"CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", "globalPid"},
                            {"CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "globalPid"},
                            {"NVTX_EVENTS", "globalTid"}};

class NsightImport {
 public:
  NsightImport(ImportedRun& run, const std::string& path, const database::sqlite::Uri& uri)
      : run_(run), db_(run.connection()), path_(path) {
    db_.exec("COMMIT");  // a database cannot be attached inside a transaction
    {
      Statement attach(db_, "ATTACH ?1 AS source");
      attach.bind(1, uri.text);
      attach.run();
    }
    db_.exec("BEGIN");
  }

  ImportReport read() {
    Statement found(db_, "SELECT name FROM source.sqlite_schema WHERE type='table' AND sql LIKE 'CREATE TABLE%'");
    while (found.step()) there_.insert(std::string(found.text(0)));
    found.reset();
    if (!there_.contains("StringIds")) throw InputError(path_, "is no export of Nsight Systems: no table StringIds");
    require("StringIds", {"id", "value"});
    db_.exec(
        "INSERT OR IGNORE INTO main.StringIds(id,value) SELECT CAST(id AS INTEGER),CAST(value AS TEXT) "
        "FROM source.StringIds WHERE id IS NOT NULL AND value IS NOT NULL");
    std::int64_t start = 0;
    if (has("TARGET_INFO_SESSION_START_TIME", "utcEpochNs")) {
      Statement session(db_, "SELECT CAST(utcEpochNs AS INTEGER) FROM source.TARGET_INFO_SESSION_START_TIME LIMIT 1");
      if (session.step()) start = session.integer(0);
    }
    ranks(start);
    for (const Table& table : tables) copy(table);
    names();
    start_utc_ns = start;
    return report_;
  }
  std::int64_t start_utc_ns = 0;

 private:
  std::vector<std::string> columns(const std::string& table) { return database::table_columns(db_, "source", table); }
  bool has(const std::string& table, const std::string& column) {
    if (!there_.contains(table)) return false;
    const auto all = columns(table);
    return std::find(all.begin(), all.end(), column) != all.end();
  }
  void require(const std::string& table, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (!has(table, name)) throw InputError(path_, "table " + table + " has no column " + name);
    }
  }

  // A process a rank, in the order of their ids.
  void ranks(std::int64_t start) {
    std::string processes;
    for (const Table& table : tables) {
      if (!there_.contains(table.name)) continue;
      require(table.name, {"start", table.process});
      processes += (processes.empty() ? "" : " UNION ") + std::string("SELECT CAST(") + table.process +
                   " AS INTEGER)>>24 AS process FROM source." + table.name + " WHERE " + table.process + " IS NOT NULL";
    }
    if (processes.empty()) throw InputError(path_, "holds no table of kernels, calls or NVTX ranges");
    db_.exec(
        "CREATE TEMP TABLE process_rank(process INTEGER PRIMARY KEY,rank INTEGER);"
        "INSERT INTO temp.process_rank SELECT process,row_number() OVER (ORDER BY process)-1 FROM (" +
        processes + ")");
    Statement all(db_, "SELECT process,rank FROM temp.process_rank ORDER BY rank");
    while (all.step()) {
      run_.add_rank(run_.take_rank(all.integer(1)), all.integer(0) & 0xFFFFFF, start, path_, std::nullopt);
      if (++report_.ranks > 100'000) throw InputError(path_, "names more than 100,000 processes");
    }
    if (report_.ranks == 0) throw InputError(path_, "holds no kernel, call or NVTX range");
  }

  // As our column is to hold it, whatever lies in the source's.
  static std::string value(const std::string& column) {
    static const std::set<std::string> ids{"correlationId", "rangeId", "graphNodeId", "graphId", "graphExecId"};
    const std::string name = "s.\"" + column + "\"";
    const std::string number = "CAST(" + name + " AS INTEGER)";
    const std::string limit = std::to_string(database::time_limit_ns);
    if (column == "start" || column == "end") return "max(-" + limit + ",min(" + limit + "," + number + "))";
    if (ids.contains(column)) {
      const std::string size = std::to_string(database::MergeIds::ids_per_file);
      return "CASE WHEN " + number + " BETWEEN 0 AND " + size + "-1 THEN " + number + "+p.rank*" + size + " END";
    }
    if (column == "text" || column == "jsonText") return "CAST(" + name + " AS TEXT)";
    if (column == "doubleValue" || column == "floatValue") return "CAST(" + name + " AS REAL)";
    return column == "binaryData" ? "CAST(" + name + " AS BLOB)" : number;
  }

  void copy(const Table& table) {
    if (!there_.contains(table.name)) return;
    const bool nvtx = table.name == std::string_view("NVTX_EVENTS");
    if (nvtx) require(table.name, {"eventType"});
    require(table.name, {"end"});
    const auto theirs = columns(table.name);
    std::string into = "rank";
    std::string from = "p.rank";
    for (const std::string& column : database::table_columns(db_, "main", table.name)) {
      if (column == "rank" || column.starts_with("raw_")) continue;
      if (std::find(theirs.begin(), theirs.end(), column) == theirs.end()) continue;
      into += ",\"" + column + "\"";
      from += "," + value(column);
    }
    db_.exec("INSERT INTO main." + std::string(table.name) + "(" + into + ") SELECT " + from + " FROM source." +
             table.name + " s JOIN temp.process_rank p ON p.process=CAST(s." + table.process +
             " AS INTEGER)>>24 WHERE s.start IS NOT NULL" +
             (nvtx ? " AND s.eventType IN (34,59,60)" : " AND s.\"end\" IS NOT NULL"));
    report_.events += db_.changes();
  }

  // Domains and categories are events of their own in Nsight's file.
  void names() {
    if (!there_.contains("NVTX_EVENTS") || !has("NVTX_EVENTS", "domainId") || !has("NVTX_EVENTS", "text")) return;
    const std::string text_id = has("NVTX_EVENTS", "textId") ? "s.textId" : "NULL";
    db_.exec(
        "INSERT INTO main.StringIds(value) SELECT DISTINCT CAST(s.text AS TEXT) FROM source.NVTX_EVENTS s "
        "WHERE s.eventType IN (33,75) AND s.text IS NOT NULL");
    const std::string from = ",COALESCE(CAST(" + text_id +
                             " AS INTEGER),(SELECT max(i.id) FROM main.StringIds i WHERE "
                             "i.value=CAST(s.text AS TEXT))) FROM source.NVTX_EVENTS s JOIN temp.process_rank p ON "
                             "p.process=CAST(s.globalTid AS INTEGER)>>24 WHERE s.domainId IS NOT NULL AND s.eventType=";
    db_.exec("INSERT OR IGNORE INTO main.NvtxDomains(rank,domainId,nameId) SELECT p.rank,CAST(s.domainId AS INTEGER)" +
             from + "75");
    if (has("NVTX_EVENTS", "category")) {
      db_.exec(
          "INSERT OR IGNORE INTO main.NvtxCategories(rank,domainId,category,nameId) SELECT p.rank,"
          "CAST(s.domainId AS INTEGER),CAST(s.category AS INTEGER)" +
          from + "33 AND s.category IS NOT NULL");
    }
  }

  ImportedRun& run_;
  Connection& db_;
  const std::string& path_;
  std::set<std::string> there_;
  ImportReport report_;
};

}  // namespace

ImportReport import_nsight(const std::string& file, const std::string& output) {
  try {
    database::ReadableFile source(file);
    ImportedRun run(output);
    NsightImport import(run, file, source.uri());
    const ImportReport report = import.read();
    run.connection().exec("COMMIT; DETACH source; BEGIN");
    const std::string name = file.substr(file.rfind('/') + 1);
    run.finish(name.substr(0, name.find('.')), import.start_utc_ns);
    return report;
  } catch (const database::sqlite::SqliteError& error) {
    constexpr int sqlite_io_error = 10, sqlite_cannot_open = 14, sqlite_no_memory = 7;
    const int code = error.primary_code();
    if (error.disk_full() || code == sqlite_io_error || code == sqlite_cannot_open || code == sqlite_no_memory) {
      throw SystemError("could not write " + output + ": " + error.reason());
    }
    // What SQLite refuses else lies in the file: damage, a format of another day, columns that are no columns.
    throw InputError(file, "cannot be read as an export of Nsight Systems: " + error.reason());
  }
}

}  // namespace foldperf::exchange

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
    if (!there_.contains("StringIds"))
      throw InputError(path_,
                       "is no export of Nsight Systems: no table StringIds; make one with nsys export --type sqlite");
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
    graph_nodes();
    for (const Table& table : tables) copy(table);
    names();
    threads();
    gpus();
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

  // CUPTI's number of a node holds that of its graph in its upper half, and so may lie beyond what is left of an id
  // that is unique over ranks: nodes get small numbers, as our collectors give them. 0 is of what ran in no graph.
  void graph_nodes() {
    std::string all;
    for (const Table& table : tables) {
      if (!has(table.name, "graphNodeId")) continue;
      all += (all.empty() ? "" : " UNION ") +
             std::string("SELECT DISTINCT p.rank,CAST(s.graphNodeId AS INTEGER) AS old ") + "FROM source." +
             table.name + " s JOIN temp.process_rank p ON p.process=CAST(s." + table.process +
             " AS INTEGER)>>24 WHERE CAST(s.graphNodeId AS INTEGER)<>0";
    }
    db_.exec("CREATE TEMP TABLE graph_node(rank INTEGER,old INTEGER,new INTEGER,PRIMARY KEY(rank,old)) WITHOUT ROWID");
    if (all.empty()) return;
    db_.exec("INSERT INTO temp.graph_node SELECT rank,old,row_number() OVER (PARTITION BY rank ORDER BY old)+rank*" +
             std::to_string(database::MergeIds::ids_per_file) + " FROM (" + all + ")");
  }

  // As our column is to hold it, whatever lies in the source's.
  static std::string value(const std::string& column) {
    static const std::set<std::string> ids{"correlationId", "rangeId", "graphId", "graphExecId"};
    static const std::set<std::string> texts{"text", "jsonText", "name", "busLocation", "uuid"};
    const std::string name = "s.\"" + column + "\"";
    const std::string number = "CAST(" + name + " AS INTEGER)";
    const std::string limit = std::to_string(database::time_limit_ns);
    if (column == "start" || column == "end") return "max(-" + limit + ",min(" + limit + "," + number + "))";
    if (column == "graphNodeId") {
      return "(SELECT n.new FROM temp.graph_node n WHERE n.rank=p.rank AND n.old=" + number + ")";
    }
    if (ids.contains(column)) return unique(number);
    if (texts.contains(column)) return "CAST(" + name + " AS TEXT)";
    if (column == "doubleValue" || column == "floatValue") return "CAST(" + name + " AS REAL)";
    return column == "binaryData" ? "CAST(" + name + " AS BLOB)" : number;
  }

  static std::string unique(const std::string& number) {
    const std::string size = std::to_string(database::MergeIds::ids_per_file);
    return "CASE WHEN " + number + " BETWEEN 0 AND " + size + "-1 THEN " + number + "+p.rank*" + size + " END";
  }
  // Of what may be a node of a graph. Exports of Nsight Systems before 2026 have no such column.
  static std::string graph_of_node(bool has_graph) {
    const std::string node = "CAST(s.graphNodeId AS INTEGER)";
    return "CASE WHEN " + node + "<>0 THEN " + unique(has_graph ? "CAST(s.graphId AS INTEGER)" : "(" + node + ">>32)") +
           " END";
  }

  // The columns of one of our tables that the source has, and their values.
  struct Columns {
    std::string into = "rank", from = "p.rank";
  };
  Columns common_columns(const std::string& table) {
    const auto theirs = columns(table);
    const auto in_theirs = [&](const char* name) {
      return std::find(theirs.begin(), theirs.end(), name) != theirs.end();
    };
    const bool nodes = in_theirs("graphNodeId");
    Columns both;
    for (const std::string& column : database::table_columns(db_, "main", table)) {
      if (column == "rank" || column.starts_with("raw_")) continue;
      const bool graph = nodes && column == "graphId";
      if (!graph && !in_theirs(column.c_str())) continue;
      both.into += ",\"" + column + "\"";
      both.from += "," + (graph ? graph_of_node(in_theirs("graphId")) : value(column));
    }
    return both;
  }

  void copy(const Table& table) {
    if (!there_.contains(table.name)) return;
    const bool nvtx = table.name == std::string_view("NVTX_EVENTS");
    if (nvtx) require(table.name, {"eventType"});
    require(table.name, {"end"});
    const auto [into, from] = common_columns(table.name);
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

  void threads() {
    if (!has("ThreadNames", "globalTid") || !has("ThreadNames", "nameId")) return;
    const auto [into, from] = common_columns("ThreadNames");
    db_.exec("INSERT INTO main.ThreadNames(" + into + ") SELECT " + from +
             " FROM source.ThreadNames s JOIN temp.process_rank p ON p.process=CAST(s.globalTid AS INTEGER)>>24 "
             "WHERE s.nameId IS NOT NULL");
  }

  // The file describes the machine's GPUs once; a rank of a run has its own. Where the file does not tell which process
  // sees which, all see all. A damaged file may name a process for each of its bytes: hence the limit.
  void gpus() {
    static const std::string process = "(CAST(s.pid AS INTEGER)&0xFFFFFF)=(p.process&0xFFFFFF)";
    static const std::string limit = " LIMIT 1000000";
    const bool devices = has("TARGET_INFO_CUDA_DEVICE", "pid") && has("TARGET_INFO_CUDA_DEVICE", "gpuId");
    if (devices) {
      const auto [into, from] = common_columns("TARGET_INFO_CUDA_DEVICE");
      db_.exec("INSERT INTO main.TARGET_INFO_CUDA_DEVICE(" + into + ") SELECT " + from +
               " FROM source.TARGET_INFO_CUDA_DEVICE s JOIN temp.process_rank p ON " + process + limit);
    }
    if (!has("TARGET_INFO_GPU", "id")) return;
    const auto [into, from] = common_columns("TARGET_INFO_GPU");
    const std::string seen =
        devices ? "(SELECT DISTINCT rank,gpuId FROM main.TARGET_INFO_CUDA_DEVICE) p ON p.gpuId=CAST(s.id AS INTEGER)"
                : "temp.process_rank p";
    db_.exec("INSERT INTO main.TARGET_INFO_GPU(" + into + ") SELECT " + from + " FROM source.TARGET_INFO_GPU s JOIN " +
             seen + limit);
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
    if (source.connection().query_int("PRAGMA application_id") == database::application_id) {
      throw InputError(file, "is a run database already: foldperf report reads it as it is");
    }
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

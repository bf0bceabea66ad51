#include "core/database/old_rows.hpp"

#include <algorithm>
#include <string>

#include "core/database/schema.hpp"

namespace foldperf::database {
namespace {

constexpr int batch = 20'000;

}  // namespace

OldRows::OldRows(sqlite::Connection& connection) : connection_(connection) {
  for (const char* table :
       {"NVTX_EVENTS", "CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_MEMCPY", "CUPTI_ACTIVITY_KIND_MEMSET",
        "CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", "CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
        "CUPTI_ACTIVITY_KIND_OVERHEAD", "memory_events", "collectives", "collective_channels", "counter_samples",
        "environment", "host_samples", "host_cores"}) {
    const auto columns = table_columns(connection, "main", table);
    const auto has = [&](const char* name) { return std::find(columns.begin(), columns.end(), name) != columns.end(); };
    const std::string time = has("end") ? "COALESCE(\"end\",start)" : "at";
    // Rows are written in about the order of their ends: the oldest are the first.
    statements_.emplace_back(connection, "DELETE FROM " + std::string(table) + " WHERE rowid IN (SELECT rowid FROM " +
                                             table + " ORDER BY rowid LIMIT " + std::to_string(batch) + ") AND " +
                                             time + " < ?1");
  }
}

void OldRows::tell_window(std::int64_t start_ns, std::int64_t end_ns, int rank) {
  connection_.exec("DELETE FROM windows WHERE reason='last'");
  sqlite::Statement add(connection_, "INSERT INTO windows(rank,start,\"end\",reason) VALUES(?1,?2,?3,'last')");
  add.bind(1, std::int64_t{rank});
  add.bind(2, start_ns);
  add.bind(3, end_ns);
  add.run();
}

bool OldRows::remove(std::int64_t before_ns) {
  bool all = true;
  for (sqlite::Statement& statement : statements_) {
    statement.bind(1, before_ns);
    statement.run();
    if (std::stoll(connection_.query_text("SELECT changes()")) >= batch) all = false;
  }
  return all;
}

}  // namespace foldperf::database

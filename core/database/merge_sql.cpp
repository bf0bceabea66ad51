#include "core/database/merge_sql.hpp"

#include <set>

#include "core/database/merge_ids.hpp"

namespace foldperf::database {
namespace {

const std::set<std::string> time_columns{"start", "end", "at"};
const std::set<std::string> string_columns{"textId",        "jsonTextId", "nameId",
                                           "demangledName", "shortName",  "mangledName"};
const std::set<std::string> process_columns{"globalTid", "endGlobalTid", "globalPid"};

std::string plus(const std::string& column, std::int64_t value) {
  return value == 0 ? column : "(" + column + "+(" + std::to_string(value) + "))";
}

// An id of one file, moved into its own range; NULL where it does not fit there.
std::string spread(const std::string& column, std::int64_t base) {
  return "CASE WHEN " + column + " BETWEEN 0 AND " + std::to_string(MergeIds::ids_per_file - 1) + " THEN " +
         plus(column, base) + " END";
}

std::string expression(const std::string& column, const RowChanges& changes) {
  const std::string quoted = "\"" + column + "\"";
  const std::string base = std::to_string(changes.id_base);
  if (column == "rank") return std::to_string(changes.rank);
  if (time_columns.contains(column)) return plus(quoted, changes.time_offset_ns);
  if (string_columns.contains(column)) return "(SELECT new FROM string_map WHERE old=" + quoted + ")";
  if (process_columns.contains(column)) return plus(quoted, changes.global_id_base);
  if (column == "correlationId" || column == "rangeId") return spread(quoted, changes.id_base);
  if (column == "raw_correlationId" || column == "raw_rangeId" || column == "raw_communicator") {
    return "\"" + column.substr(4) + "\"";
  }
  // Ids that the file does not name (its record was dropped) stay apart from those of other files.
  if (column == "domainId") {
    return "COALESCE((SELECT new FROM domain_map WHERE old=domainId)," + plus(quoted, MergeIds::ids_per_file) + "+" +
           base + ")";
  }
  if (column == "communicator") {
    return "COALESCE((SELECT new FROM communicator_map WHERE old=communicator)," +
           plus(quoted, MergeIds::ids_per_file) + "+" + base + ")";
  }
  return quoted;
}

}  // namespace

const std::vector<std::string>& copied_tables() {
  static const std::vector<std::string> tables{
      "CUPTI_ACTIVITY_KIND_KERNEL",
      "CUPTI_ACTIVITY_KIND_MEMCPY",
      "CUPTI_ACTIVITY_KIND_MEMSET",
      "CUPTI_ACTIVITY_KIND_RUNTIME",
      "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
      "CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
      "NVTX_EVENTS",
      "ThreadNames",
      "NvtxResources",
      "TARGET_INFO_GPU",
      "TARGET_INFO_CUDA_DEVICE",
      "steps",
      "batches",
      "metrics",
      "workloads",
      "collectives",
      "dropped_records",
      "collectors",
  };
  return tables;
}

std::string copy_sql(const std::string& table, const std::string& target, const std::vector<std::string>& columns,
                     const RowChanges& changes) {
  std::string names, values;
  for (const std::string& column : columns) {
    names += (names.empty() ? "\"" : ",\"") + column + "\"";
    values += (values.empty() ? "" : ",") + expression(column, changes);
  }
  return "INSERT INTO main." + target + "(" + names + ") SELECT " + values + " FROM source." + table;
}

const std::vector<std::string>& index_sql() {
  static const std::vector<std::string> indexes = [] {
    std::vector<std::string> sql{
        "CREATE INDEX nvtx_by_time ON NVTX_EVENTS(rank,start)",
        "CREATE INDEX collectives_by_communicator ON collectives(communicator,sequence_number)",
    };
    for (const std::string kind : {"KERNEL", "MEMCPY", "MEMSET", "RUNTIME", "SYNCHRONIZATION", "GRAPH_TRACE"}) {
      const std::string table = "CUPTI_ACTIVITY_KIND_" + kind;
      sql.push_back("CREATE INDEX " + kind + "_by_time ON " + table + "(rank,start)");
      sql.push_back("CREATE INDEX " + kind + "_by_correlation ON " + table + "(correlationId)");
    }
    return sql;
  }();
  return indexes;
}

}  // namespace foldperf::database

#include "core/database/merge_sql.hpp"

#include <set>

#include "core/database/merge_ids.hpp"

namespace foldperf::database {
namespace {

const std::set<std::string> time_columns{"start", "end", "at", "enqueued", "timestamp"};
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

// Which of the small ids a column holds: a member of RowChanges::SmallIds, or nullptr.
using SmallId = std::int64_t RowChanges::SmallIds::*;
SmallId small_id(const std::string& table, const std::string& column) {
  using Ids = RowChanges::SmallIds;
  if (column == "graphNodeId" || column == "originalGraphNodeId") return &Ids::graph_node;
  if (column == "graphId" || column == "originalGraphId" || column == "graphExecId") return &Ids::graph;
  if (column == "stackId") return &Ids::stack;
  if (table == "range_stacks" && (column == "id" || column == "parent")) return &Ids::stack;
  if (table == "collectives" && column == "id") return &Ids::collective;
  if (column == "collective") return &Ids::collective;
  return nullptr;
}

std::string expression(const std::string& table, const std::string& column, const RowChanges& changes) {
  const std::string quoted = "\"" + column + "\"";
  const std::string base = std::to_string(changes.id_base);
  if (column == "rank") return std::to_string(changes.rank);
  if (time_columns.contains(column)) return plus(quoted, changes.time_offset_ns);
  if (string_columns.contains(column)) return "fp_string(" + quoted + ")";
  if (process_columns.contains(column)) return plus(quoted, changes.global_id_base);
  if (column == "correlationId" || column == "rangeId") return spread(quoted, changes.id_base);
  if (const SmallId id = small_id(table, column))
    return changes.small.*id == 0 ? quoted : spread(quoted, changes.small.*id);
  if (column == "raw_rangeId" || column == "raw_communicator") {
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
      "range_stacks",
      "CUDA_GRAPH_NODE_EVENTS",
      "CUDA_GRAPH_EVENTS",
      "CUPTI_ACTIVITY_KIND_CUDA_EVENT",
      "CUPTI_ACTIVITY_KIND_OVERHEAD",
      "memory_events",
      "environment",
      "collective_channels",
      "proxy_waits",
      "host_samples",
      "host_cores",
      "counter_samples",
      "counter_windows",
      "windows",
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
    values += (values.empty() ? "" : ",") + expression(table, column, changes);
  }
  return "INSERT INTO main." + target + "(" + names + ") SELECT " + values + " FROM source." + table;
}

std::string highest_ids_sql() {
  using Places = std::vector<std::pair<const char*, const char*>>;
  static const std::vector<Places> spaces{
      {{"CUDA_GRAPH_NODE_EVENTS", "graphNodeId"},
       {"CUDA_GRAPH_NODE_EVENTS", "originalGraphNodeId"},
       {"CUPTI_ACTIVITY_KIND_KERNEL", "graphNodeId"},
       {"CUPTI_ACTIVITY_KIND_MEMCPY", "graphNodeId"},
       {"CUPTI_ACTIVITY_KIND_MEMSET", "graphNodeId"},
       {"workloads", "graphNodeId"}},
      {{"CUDA_GRAPH_NODE_EVENTS", "graphId"},
       {"CUDA_GRAPH_NODE_EVENTS", "originalGraphId"},
       {"CUDA_GRAPH_EVENTS", "graphId"},
       {"CUDA_GRAPH_EVENTS", "originalGraphId"},
       {"CUDA_GRAPH_EVENTS", "graphExecId"},
       {"CUPTI_ACTIVITY_KIND_KERNEL", "graphId"},
       {"CUPTI_ACTIVITY_KIND_MEMCPY", "graphId"},
       {"CUPTI_ACTIVITY_KIND_MEMSET", "graphId"},
       {"CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "graphId"},
       {"CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "graphExecId"}},
      {{"range_stacks", "id"}, {"CUDA_GRAPH_NODE_EVENTS", "stackId"}, {"collectives", "stackId"}},
      {{"collectives", "id"}, {"collective_channels", "collective"}, {"proxy_waits", "collective"}},
  };
  std::string sql = "SELECT ";
  for (const Places& places : spaces) {
    std::string highest;
    for (const auto& [table, column] : places) {
      const std::string name = column;
      highest +=
          (highest.empty() ? "" : ",") + ("COALESCE((SELECT max(" + name + ") FROM source." + table + " WHERE " + name +
                                          " BETWEEN 0 AND " + std::to_string(MergeIds::ids_per_file - 1) + "),0)");
    }
    sql += (sql.size() > 7 ? ",max(" : "max(") + highest + ")";
  }
  return sql;
}

const std::vector<std::string>& index_sql() {
  // The rows that make up a run are many: an index that no question needs costs a tenth of the file. From a kernel to
  // its launch is by the launch's correlationId; launches are found by time through NVTX ranges' threads seldom enough.
  static const std::vector<std::string> indexes{
      "CREATE INDEX nvtx_by_time ON NVTX_EVENTS(rank,start)",
      "CREATE INDEX KERNEL_by_time ON CUPTI_ACTIVITY_KIND_KERNEL(rank,start)",
      "CREATE INDEX MEMCPY_by_time ON CUPTI_ACTIVITY_KIND_MEMCPY(rank,start)",
      "CREATE INDEX MEMSET_by_time ON CUPTI_ACTIVITY_KIND_MEMSET(rank,start)",
      "CREATE INDEX SYNCHRONIZATION_by_time ON CUPTI_ACTIVITY_KIND_SYNCHRONIZATION(rank,start)",
      "CREATE INDEX GRAPH_TRACE_by_time ON CUPTI_ACTIVITY_KIND_GRAPH_TRACE(rank,start)",
      "CREATE INDEX RUNTIME_by_correlation ON CUPTI_ACTIVITY_KIND_RUNTIME(correlationId)",
      "CREATE INDEX collectives_by_communicator ON collectives(communicator,sequence_number)",
      "CREATE INDEX graph_nodes_by_id ON CUDA_GRAPH_NODE_EVENTS(graphNodeId)",
      "CREATE INDEX range_stacks_by_id ON range_stacks(id)",
      "CREATE INDEX step_ranges_by_time ON step_ranges(rank,start)",
  };
  return indexes;
}

}  // namespace foldperf::database

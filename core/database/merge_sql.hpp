// The statements by which one process' rows come into a merged run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::database {

// What is added to or put into the columns of one file's rows.
struct RowChanges {
  int rank = 0;
  std::int64_t time_offset_ns = 0;
  std::int64_t id_base = 0;         // correlationId, rangeId, unknown domains and communicators
  std::int64_t global_id_base = 0;  // globalTid, globalPid
  // Ids that start anew in every file and are small: the files' ranges follow one another.
  struct SmallIds {
    std::int64_t graph_node = 0, graph = 0, stack = 0, collective = 0;
  };
  SmallIds small;
};

// Tables whose rows are copied one to one (strings, domains, runs and ranks are not among them).
const std::vector<std::string>& copied_tables();

// "INSERT INTO main.`target` SELECT ... FROM source.`table`", with the maps of MergeIds applied.
std::string copy_sql(const std::string& table, const std::string& target, const std::vector<std::string>& columns,
                     const RowChanges& changes);

// One SELECT that gives the highest ids of a file in the order of RowChanges::SmallIds.
std::string highest_ids_sql();

// The indexes of a merged run, made when all rows are in.
const std::vector<std::string>& index_sql();

}  // namespace foldperf::database

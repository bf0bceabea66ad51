// What ran, where, how it ended, and what the record of it lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/database/reader.hpp"

namespace foldperf::analysis {

struct Gpu {
  int rank = 0;
  std::string name, uuid;  // uuid: empty where it is unknown
  std::int64_t memory_bytes = 0;
  std::int64_t multiprocessors = 0;
};

struct RunFacts {
  std::string path;
  int schema_version = 0;
  database::RunRow run;
  std::vector<database::RankRow> ranks;
  std::vector<Gpu> gpus;
  std::vector<database::CollectorRow> collectors;
  std::vector<database::DroppedRow> dropped;  // summed by rank, kind and reason
  std::int64_t dropped_total = 0;
  // From the run's start to its end; where no end was recorded, to the last time seen.
  std::int64_t duration_ns = 0;
  bool duration_known = false;  // the end was recorded
};

// `last_time_ns`: the latest time of an event, counted from the run's start.
RunFacts gather_run_facts(const database::RunReader& reader, std::int64_t last_time_ns);

}  // namespace foldperf::analysis

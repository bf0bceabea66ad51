#include "core/analysis/run_facts.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/analysis/saturate.hpp"

namespace foldperf::analysis {
namespace {

std::vector<Gpu> read_gpus(const database::RunReader& reader) {
  std::vector<Gpu> gpus;
  reader.query("SELECT rank, name, totalMemory, smCount, uuid FROM TARGET_INFO_GPU ORDER BY rank, id", {},
               [&](const database::QueryRow& row) {
                 Gpu& gpu = gpus.emplace_back();
                 gpu.rank = static_cast<int>(row.integer(0));
                 gpu.name = row.text(1);
                 gpu.memory_bytes = row.integer(2);
                 gpu.multiprocessors = row.integer(3);
                 gpu.uuid = row.text(4);
                 return true;
               });
  return gpus;
}

}  // namespace

RunFacts gather_run_facts(const database::RunReader& reader, std::int64_t last_time_ns) {
  RunFacts facts;
  facts.path = reader.path();
  facts.schema_version = reader.schema_version();
  facts.run = reader.run();
  facts.ranks = reader.ranks();
  facts.gpus = read_gpus(reader);
  facts.collectors = reader.collectors();

  std::map<std::tuple<int, std::string, std::string>, std::int64_t> dropped;
  for (const database::DroppedRow& row : reader.dropped()) {
    add_to(dropped[{row.rank, row.kind, row.reason}], row.count);
  }
  for (const auto& [key, count] : dropped) {
    if (count <= 0) continue;
    facts.dropped.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
    add_to(facts.dropped_total, count);
  }

  facts.duration_ns = std::max<std::int64_t>(0, last_time_ns);
  if (facts.run.end_utc_ns && *facts.run.end_utc_ns >= facts.run.start_utc_ns) {
    facts.duration_ns = *facts.run.end_utc_ns - facts.run.start_utc_ns;
    facts.duration_known = true;
  }
  return facts;
}

}  // namespace foldperf::analysis

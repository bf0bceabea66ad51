#include "core/analysis/step_finder.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/analysis/step_pattern.hpp"
#include "core/database/reader.hpp"
#include "core/database/sqlite.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::analysis {
namespace {

constexpr std::size_t fewest_steps = 2;

// Ranges of one name and thread; ranges of a name in themselves count once, the outermost.
using Place = std::pair<std::size_t, std::int64_t>;  // place of the name's pattern, thread
using Ranges = std::map<Place, std::vector<FoundStep>>;

// Patterns in order of preference: facts, the asked name, known names.
std::vector<std::string> patterns(const StepFinderOptions& options) {
  std::vector<std::string> all{std::string()};
  all.push_back(options.step_range);
  all.insert(all.end(), known_step_names().begin(), known_step_names().end());
  return all;
}

// The windows of ranks that were not always recorded. Outside of them lie ranges that are kept for the graphs captured
// in them: these are no steps of the profile.
class Windows {
 public:
  explicit Windows(const database::RunReader& reader) {
    reader.query("SELECT rank,start,ifnull(\"end\",9223372036854775807) FROM windows WHERE reason<>'last'", {},
                 [this](const database::QueryRow& row) {
                   ranks_[row.integer(0)].emplace_back(row.integer(1), row.integer(2));
                   return true;
                 });
  }
  [[nodiscard]] bool hold(int rank, std::int64_t start) const {
    const auto windows = ranks_.find(rank);
    return windows == ranks_.end() ||
           std::any_of(windows->second.begin(), windows->second.end(),
                       [start](const auto& window) { return start >= window.first && start < window.second; });
  }

 private:
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, std::int64_t>>> ranks_;
};

std::map<int, Ranges> named_ranges(const database::RunReader& reader, const std::vector<std::string>& wanted) {
  const Windows windows(reader);
  std::map<int, Ranges> ranks;
  database::NvtxFilter filter;
  filter.marks = false;
  reader.for_each_nvtx(filter, [&](const database::NvtxRow& row) {
    if (!row.end_ns || *row.end_ns < row.start_ns) return;
    if (!windows.hold(row.rank, row.start_ns)) return;
    std::size_t place = SIZE_MAX;
    if (row.domain == facts::domain_name) {
      if (row.category == static_cast<std::uint32_t>(facts::Category::step)) place = 0;
    }
    for (std::size_t i = 1; place == SIZE_MAX && i < wanted.size(); ++i) {
      if (!wanted[i].empty() && name_matches(wanted[i], row.text)) place = i;
    }
    if (place == SIZE_MAX) return;
    auto& steps = ranks[row.rank][{place, row.global_tid}];
    if (!steps.empty() && row.start_ns < steps.back().end) return;
    const auto number = database::bounded(row.payload.value_or(steps.empty() ? 0 : steps.back().step + 1));
    steps.push_back({number, row.start_ns, *row.end_ns});
  });
  return ranks;
}

// The thread with most of the first name that came twice.
RankSteps from_ranges(const Ranges& ranges) {
  RankSteps found;
  std::size_t place = SIZE_MAX;
  for (const auto& [key, steps] : ranges) {
    if (place != SIZE_MAX && key.first != place) break;
    if (steps.size() < fewest_steps || steps.size() <= found.steps.size()) continue;
    place = key.first;
    found.steps = steps;
    found.source = place == 0 ? "fact" : "nvtx";
  }
  return found;
}

class Symbols {
 public:
  std::uint32_t of(const std::string& name) {
    return ids_.try_emplace(name, static_cast<std::uint32_t>(ids_.size())).first->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> ids_;
};

// What ran on the rank's GPU, a replay of a graph as one event.
std::vector<PatternEvent> gpu_events(const database::RunReader& reader, int rank) {
  std::vector<PatternEvent> events;
  std::unordered_map<std::int64_t, std::size_t> replays;  // by correlation
  Symbols symbols;
  const auto add = [&](const database::QueryRow& row, const std::string& name) {
    const std::int64_t start = database::bounded(row.integer(0));
    const std::int64_t end = std::max(start, database::bounded(row.integer(1)));
    if (!row.is_null(4)) {
      const auto [found, first] = replays.try_emplace(row.integer(5), events.size());
      if (!first) {
        events[found->second].end = std::max(events[found->second].end, end);
        return;
      }
      events.push_back({start, end, symbols.of("graph " + std::to_string(row.integer(4))),
                        static_cast<std::uint32_t>(row.integer(2)), true});
      return;
    }
    events.push_back({start, end, symbols.of(name), static_cast<std::uint32_t>(row.integer(2)), false});
  };
  const std::vector<database::QueryValue> of_rank{std::int64_t{rank}};
  reader.query(
      "SELECT start,\"end\",streamId,COALESCE(shortName,demangledName),graphId,correlationId FROM "
      "CUPTI_ACTIVITY_KIND_KERNEL WHERE rank=?1 ORDER BY start",
      of_rank, [&](const database::QueryRow& row) {
        add(row, "kernel " + std::to_string(row.integer(3)));
        return true;
      });
  reader.query(
      "SELECT start,\"end\",streamId,copyKind,graphId,correlationId FROM CUPTI_ACTIVITY_KIND_MEMCPY "
      "WHERE rank=?1 ORDER BY start",
      of_rank, [&](const database::QueryRow& row) {
        add(row, "copy " + std::to_string(row.integer(3)));
        return true;
      });
  reader.query(
      "SELECT start,\"end\",streamId,0,COALESCE(graphId,0),correlationId FROM CUPTI_ACTIVITY_KIND_GRAPH_TRACE "
      "WHERE rank=?1 ORDER BY start",
      of_rank, [&](const database::QueryRow& row) {
        add(row, "graph");
        return true;
      });
  std::stable_sort(events.begin(), events.end(),
                   [](const PatternEvent& a, const PatternEvent& b) { return a.start < b.start; });
  return events;
}

std::vector<PatternEvent> collective_events(const database::RunReader& reader, int rank) {
  std::vector<PatternEvent> events;
  Symbols symbols;
  reader.query(
      "SELECT start,COALESCE(\"end\",start),communicator,COALESCE(operation,''),COALESCE(bytes,0) FROM collectives "
      "WHERE rank=?1 ORDER BY start",
      {std::int64_t{rank}}, [&](const database::QueryRow& row) {
        const std::int64_t start = database::bounded(row.integer(0));
        const std::string name =
            std::string(row.text(3)) + " " + std::to_string(row.integer(4)) + " " + std::to_string(row.integer(2));
        events.push_back({start, std::max(start, database::bounded(row.integer(1))), symbols.of(name), 0, true});
        return true;
      });
  return events;
}

RankSteps from_pattern(const database::RunReader& reader, int rank) {
  RankSteps found;
  StepPattern pattern = find_step_pattern(gpu_events(reader, rank));
  if (pattern.steps.empty()) pattern = find_step_pattern(collective_events(reader, rank));
  if (pattern.steps.size() < fewest_steps || pattern.confidence < pattern_confidence_limit) return found;
  found.source = "pattern";
  found.confidence = pattern.confidence;
  for (const PatternStep& step : pattern.steps) {
    found.steps.push_back({static_cast<std::int64_t>(found.steps.size()), step.start, step.end});
  }
  return found;
}

void write(const std::string& path, const std::vector<RankSteps>& ranks) {
  namespace sqlite = database::sqlite;
  try {
    sqlite::Connection connection(path, sqlite::OpenMode::read_write, path);
    connection.distrust();
    connection.exec("BEGIN IMMEDIATE; DELETE FROM step_ranges");
    {
      sqlite::Statement add(connection,
                            "INSERT INTO step_ranges(rank,step,start,\"end\",source,confidence) VALUES(?,?,?,?,?,?)");
      for (const RankSteps& rank : ranks) {
        for (const FoundStep& step : rank.steps) {
          add.bind(1, std::int64_t{rank.rank});
          add.bind(2, step.step);
          add.bind(3, step.start);
          add.bind(4, step.end);
          add.bind(5, rank.source);
          add.bind(6, rank.confidence);
          add.run();
        }
      }
    }
    connection.exec("COMMIT");
  } catch (const sqlite::SqliteError& error) {
    throw SystemError(path + ": cannot write the steps: " + error.reason());
  }
}

}  // namespace

std::vector<RankSteps> find_steps(const std::string& path, const StepFinderOptions& options) {
  std::vector<RankSteps> all;
  {
    const database::RunReader reader(path);
    const auto ranges = named_ranges(reader, patterns(options));
    std::set<int> ranks;
    for (const database::RankRow& row : reader.ranks()) ranks.insert(row.rank);
    for (const int rank : ranks) {
      RankSteps found;
      if (const auto named = ranges.find(rank); named != ranges.end()) found = from_ranges(named->second);
      if (found.steps.empty()) found = from_pattern(reader, rank);
      if (found.steps.empty()) continue;
      found.rank = rank;
      all.push_back(std::move(found));
    }
  }
  write(path, all);
  return all;
}

}  // namespace foldperf::analysis

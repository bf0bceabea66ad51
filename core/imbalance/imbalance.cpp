#include "core/imbalance/imbalance.hpp"

#include <algorithm>
#include <tuple>

#include "core/database/reader.hpp"

namespace foldperf::imbalance {
namespace {

using database::bounded;
using database::QueryRow;

std::vector<Call> load_calls(const database::RunReader& reader) {
  std::vector<Call> calls;
  reader.query(
      "SELECT communicator,operation,sequence_number,COALESCE(graph_replay,0),rank,start FROM collectives "
      "WHERE sequence_number IS NOT NULL AND COALESCE(is_p2p,0)=0",
      {}, [&](const QueryRow& row) {
        calls.push_back({row.integer(0), std::string(row.text(1)), row.integer(2), row.integer(3),
                         static_cast<int>(row.integer(4)), bounded(row.integer(5))});
        return true;
      });
  return calls;
}

// Spans of one rank as they come, by start: those that overlap become one.
void add_span(std::vector<Span>& spans, std::int64_t start, std::int64_t end) {
  if (!spans.empty() && start <= spans.back().end_ns) {
    spans.back().end_ns = std::max(spans.back().end_ns, end);
  } else {
    spans.push_back({start, end});
  }
}

void load_spans(const database::RunReader& reader, std::map<int, RankTime>& ranks) {
  // Ranges of foldperf-train, of Lightning and torch.profiler, and what people call them; the rest is of collections.
  reader.query(
      "SELECT rank,start,\"end\",name NOT IN ('gc','GC','garbage collection','gc.collect') FROM ("
      "SELECT e.rank,e.start,e.\"end\",COALESCE(e.text,s.value) AS name FROM NVTX_EVENTS e "
      "LEFT JOIN StringIds s ON s.id=e.textId WHERE e.eventType IN (59,60) AND e.\"end\" IS NOT NULL) "
      "WHERE name IN ('data_wait','data wait','data loading','dataloader','gc','GC','garbage collection','gc.collect') "
      "OR name LIKE '%DataLoader%\\_\\_next\\_\\_%' ESCAPE '\\' OR name LIKE 'enumerate(DataLoader%' ORDER BY start",
      {}, [&](const QueryRow& row) {
        RankTime& rank = ranks[static_cast<int>(row.integer(0))];
        add_span(row.integer(3) != 0 ? rank.data_waits : rank.collections, bounded(row.integer(1)),
                 bounded(row.integer(2)));
        return true;
      });
}

void load_samples(const database::RunReader& reader, std::map<int, RankTime>& ranks) {
  reader.query(
      "SELECT rank,at,others_on_our_cores_permille/1000.0 FROM host_samples "
      "WHERE others_on_our_cores_permille IS NOT NULL ORDER BY at",
      {}, [&](const QueryRow& row) {
        ranks[static_cast<int>(row.integer(0))].others_on_cores.push_back({bounded(row.integer(1)), row.real(2)});
        return true;
      });
  reader.query(
      "SELECT rank,at,sm_clock_mhz FROM environment WHERE sm_clock_mhz IS NOT NULL ORDER BY at", {},
      [&](const QueryRow& row) {
        ranks[static_cast<int>(row.integer(0))].gpu_clock_mhz.push_back({bounded(row.integer(1)), row.real(2)});
        return true;
      });
}

void load_steps(const database::RunReader& reader, std::map<int, RankTime>& ranks,
                std::map<int, std::vector<std::int64_t>>& numbers) {
  // total(): a sum of a stranger's integers may overflow.
  reader.query(
      "SELECT r.rank,r.start,r.\"end\",r.step,COALESCE(w.ns,0.0) FROM step_ranges r LEFT JOIN ("
      "SELECT k.rank,k.step,total(k.total_ns) AS ns FROM summary_kernels k LEFT JOIN StringIds s ON s.id=k.nameId "
      "WHERE s.value IS NULL OR s.value NOT LIKE 'nccl%' GROUP BY k.rank,k.step) w "
      "ON w.rank=r.rank AND w.step=r.step ORDER BY r.rank,r.start",
      {}, [&](const QueryRow& row) {
        const int rank = static_cast<int>(row.integer(0));
        ranks[rank].steps.push_back({bounded(row.integer(1)), bounded(row.integer(2))});
        ranks[rank].step_work_ns.push_back(bounded(static_cast<std::int64_t>(std::min(row.real(4), 1e18))));
        numbers[rank].push_back(row.integer(3));
        return true;
      });
}

std::optional<std::int64_t> step_of(const RankTime& rank, const std::vector<std::int64_t>& numbers, std::int64_t time) {
  const auto beyond = std::upper_bound(rank.steps.begin(), rank.steps.end(), time,
                                       [](std::int64_t wanted, const Span& step) { return wanted < step.start_ns; });
  if (beyond == rank.steps.begin() || (beyond - 1)->end_ns <= time) return std::nullopt;
  return numbers[static_cast<std::size_t>(beyond - rank.steps.begin()) - 1];
}

class Totals {
 public:
  void add(const Meeting& meeting, const Finding& finding) {
    if (meeting.waited_ns == 0) return;
    Straggler& late = stragglers_[meeting.last_rank];
    late.rank = meeting.last_rank;
    ++late.times;
    late.caused_ns = bounded(late.caused_ns + meeting.waited_ns);
    std::int64_t& of_cause = late.by_cause[finding.cause];
    of_cause = bounded(of_cause + meeting.waited_ns);
    auto& [sum, count] = evidence_[{meeting.last_rank, finding.cause}];
    sum += finding.evidence;
    ++count;
  }

  std::vector<Straggler> stragglers(std::int64_t all_ns) {
    std::vector<Straggler> result;
    for (auto& [rank, late] : stragglers_) {
      late.share = static_cast<double>(late.caused_ns) / static_cast<double>(all_ns);
      const auto most = std::max_element(late.by_cause.begin(), late.by_cause.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      const auto& [sum, count] = evidence_[{rank, most->first}];
      late.mostly = {most->first, sum / count};
      result.push_back(late);
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const Straggler& a, const Straggler& b) { return a.caused_ns > b.caused_ns; });
    return result;
  }

 private:
  std::map<int, Straggler> stragglers_;
  std::map<std::pair<int, Cause>, std::pair<double, int>> evidence_;
};

}  // namespace

Imbalance analyze_imbalance(const database::RunReader& reader) {
  Imbalance result;
  const Meetings meetings = meetings_of(load_calls(reader));
  result.alone = meetings.alone;
  if (meetings.meetings.empty()) return result;
  std::map<int, RankTime> ranks;
  std::map<int, std::vector<std::int64_t>> numbers;
  load_spans(reader, ranks);
  load_samples(reader, ranks);
  load_steps(reader, ranks, numbers);

  Totals totals;
  std::map<int, std::int64_t> by_rank;
  std::map<std::tuple<std::optional<std::int64_t>, int, int>, std::int64_t> by_step;
  for (const Meeting& meeting : meetings.meetings) {
    ++result.meetings;
    result.waited_ns = bounded(result.waited_ns + meeting.waited_ns);
    totals.add(meeting, cause_of(meeting, ranks));
    for (const Arrival& arrival : meeting.arrivals) {
      std::int64_t& waited = by_rank[arrival.rank];
      waited = bounded(waited + arrival.waited_ns);
      if (arrival.waited_ns == 0) continue;
      const auto step = step_of(ranks[arrival.rank], numbers[arrival.rank], arrival.arrival_ns);
      std::int64_t& in_step = by_step[{step, arrival.rank, meeting.last_rank}];
      in_step = bounded(in_step + arrival.waited_ns);
    }
  }
  for (const auto& [rank, waited] : by_rank) result.by_rank.push_back({rank, waited});
  for (const auto& [place, waited] : by_step) {
    result.by_step.push_back({std::get<0>(place), std::get<1>(place), std::get<2>(place), waited});
  }
  if (result.waited_ns > 0) result.stragglers = totals.stragglers(result.waited_ns);
  return result;
}

}  // namespace foldperf::imbalance

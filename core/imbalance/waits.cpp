#include "core/imbalance/waits.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/database/reader.hpp"

namespace foldperf::imbalance {
namespace {

auto place_of(const Call& call) { return std::tie(call.communicator, call.operation, call.sequence, call.replay); }

std::int64_t last_arrival(const Meeting& meeting) {
  std::int64_t last = meeting.arrivals.front().arrival_ns;
  for (const Arrival& arrival : meeting.arrivals) last = std::max(last, arrival.arrival_ns);
  return last;
}

Meeting meeting_of(const Call* first, const Call* end) {
  Meeting meeting;
  meeting.communicator = first->communicator, meeting.operation = first->operation;
  meeting.sequence = first->sequence, meeting.replay = first->replay;
  for (const Call* call = first; call != end; ++call) {
    if (!meeting.arrivals.empty() && meeting.arrivals.back().rank == call->rank) continue;
    meeting.arrivals.push_back({call->rank, call->arrival_ns, 0, {}});
  }
  const std::int64_t last = last_arrival(meeting);
  bool named = false;
  for (Arrival& arrival : meeting.arrivals) {
    arrival.waited_ns = last - arrival.arrival_ns;
    meeting.waited_ns = database::bounded(meeting.waited_ns + arrival.waited_ns);
    if (arrival.waited_ns == 0 && !named) {
      meeting.last_rank = arrival.rank;
      named = true;
    }
  }
  return meeting;
}

}  // namespace

Meetings meetings_of(std::vector<Call> calls) {
  std::sort(calls.begin(), calls.end(), [](const Call& a, const Call& b) {
    return std::tuple_cat(place_of(a), std::tie(a.rank, a.arrival_ns)) <
           std::tuple_cat(place_of(b), std::tie(b.rank, b.arrival_ns));
  });
  Meetings result;
  for (const Call* at = calls.data(); at != calls.data() + calls.size();) {
    const Call* end = at;
    while (end != calls.data() + calls.size() && place_of(*end) == place_of(*at)) ++end;
    Meeting meeting = meeting_of(at, end);
    if (meeting.arrivals.size() > 1) {
      result.meetings.push_back(std::move(meeting));
    } else {
      ++result.alone;
    }
    at = end;
  }
  std::stable_sort(result.meetings.begin(), result.meetings.end(),
                   [](const Meeting& a, const Meeting& b) { return last_arrival(a) < last_arrival(b); });
  std::map<int, std::int64_t> before;
  for (Meeting& meeting : result.meetings) {
    for (Arrival& arrival : meeting.arrivals) {
      const auto [found, is_first] = before.try_emplace(arrival.rank, arrival.arrival_ns);
      if (is_first) continue;
      arrival.previous_ns = found->second;
      found->second = arrival.arrival_ns;
    }
  }
  return result;
}

}  // namespace foldperf::imbalance

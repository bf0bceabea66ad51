#include "core/imbalance/causes.hpp"

#include <algorithm>
#include <optional>

namespace foldperf::imbalance {
namespace {

constexpr double explaining_share = 0.5;
constexpr double neighbour_share = 0.2;
constexpr double slow_clock = 0.9;
// Samples tell of the time before them, and come ten times (host) or once (clock) a second.
constexpr std::int64_t host_sample_ns = 100'000'000;
constexpr std::int64_t clock_sample_ns = 1'000'000'000;

std::int64_t covered(const std::vector<Span>& spans, const Span& within) {
  std::int64_t sum = 0;
  auto at = std::lower_bound(spans.begin(), spans.end(), within.start_ns,
                             [](const Span& span, std::int64_t time) { return span.end_ns <= time; });
  for (; at != spans.end() && at->start_ns < within.end_ns; ++at) {
    sum += std::max<std::int64_t>(0, std::min(at->end_ns, within.end_ns) - std::max(at->start_ns, within.start_ns));
  }
  return sum;
}

std::optional<double> mean(const std::vector<Sample>& samples, const Span& within, std::int64_t reach_ns) {
  auto at = std::lower_bound(samples.begin(), samples.end(), within.start_ns,
                             [](const Sample& sample, std::int64_t time) { return sample.at_ns <= time; });
  double sum = 0;
  int count = 0;
  for (; at != samples.end() && at->at_ns <= within.end_ns + reach_ns; ++at, ++count) sum += at->value;
  return count == 0 ? std::nullopt : std::optional<double>(sum / count);
}

std::optional<double> work(const RankTime& rank, std::int64_t time) {
  const auto beyond = std::upper_bound(rank.steps.begin(), rank.steps.end(), time,
                                       [](std::int64_t wanted, const Span& step) { return wanted < step.start_ns; });
  if (beyond == rank.steps.begin() || (beyond - 1)->end_ns < time) return std::nullopt;
  return static_cast<double>(rank.step_work_ns[static_cast<std::size_t>(beyond - rank.steps.begin()) - 1]);
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// A number of the late rank beside the median of those that waited; empty where one of them is not known.
struct Compared {
  double late, others;
};

template <typename Number>
std::optional<Compared> compare(const Meeting& meeting, const std::map<int, RankTime>& ranks, Number&& number) {
  std::optional<double> late;
  std::vector<double> others;
  for (const Arrival& arrival : meeting.arrivals) {
    const auto rank = ranks.find(arrival.rank);
    if (rank == ranks.end() || !arrival.previous_ns) continue;
    const std::optional<double> value = number(rank->second, Span{*arrival.previous_ns, arrival.arrival_ns});
    if (!value) continue;
    arrival.rank == meeting.last_rank ? late = value : (others.push_back(*value), late);
  }
  const std::optional<double> typical = median(others);
  if (!late || !typical) return std::nullopt;
  return Compared{*late, *typical};
}

}  // namespace

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::loader:
      return "loader";
    case Cause::garbage_collection:
      return "garbage collection";
    case Cause::busy_neighbour:
      return "busy neighbour";
    case Cause::gpu_clock:
      return "GPU clock";
    case Cause::more_work:
      return "more work";
    case Cause::unknown:
      break;
  }
  return "unknown";
}

Finding cause_of(const Meeting& meeting, const std::map<int, RankTime>& ranks) {
  std::int64_t longest = 0;
  for (const Arrival& arrival : meeting.arrivals) longest = std::max(longest, arrival.waited_ns);
  const double enough = explaining_share * static_cast<double>(longest);
  const auto covered_by = [](std::vector<Span> RankTime::*spans) {
    return [spans](const RankTime& rank, const Span& within) {
      return std::optional<double>(static_cast<double>(covered(rank.*spans, within)));
    };
  };
  const auto explains = [&](const std::optional<Compared>& found) {
    return found && longest > 0 && found->late - found->others >= enough;
  };
  if (const auto found = compare(meeting, ranks, covered_by(&RankTime::data_waits)); explains(found)) {
    return {Cause::loader, found->late - found->others};
  }
  if (const auto found = compare(meeting, ranks, covered_by(&RankTime::collections)); explains(found)) {
    return {Cause::garbage_collection, found->late - found->others};
  }
  const auto work_of = [](const RankTime& rank, const Span& within) { return work(rank, within.end_ns); };
  if (const auto found = compare(meeting, ranks, work_of); explains(found)) {
    // The same work on a slow GPU takes longer, too: that is told below.
    const auto clock_of = [](const RankTime& rank, const Span& within) {
      return mean(rank.gpu_clock_mhz, within, clock_sample_ns);
    };
    const auto clock = compare(meeting, ranks, clock_of);
    if (!clock || clock->late >= slow_clock * clock->others) return {Cause::more_work, found->late - found->others};
  }
  const auto neighbour_of = [](const RankTime& rank, const Span& within) {
    return mean(rank.others_on_cores, within, host_sample_ns);
  };
  if (const auto found = compare(meeting, ranks, neighbour_of);
      found && found->late - found->others >= neighbour_share) {
    return {Cause::busy_neighbour, found->late - found->others};
  }
  const auto clock_of = [](const RankTime& rank, const Span& within) {
    return mean(rank.gpu_clock_mhz, within, clock_sample_ns);
  };
  if (const auto found = compare(meeting, ranks, clock_of);
      found && found->others > 0 && found->late < slow_clock * found->others) {
    return {Cause::gpu_clock, found->late / found->others};
  }
  return {};
}

}  // namespace foldperf::imbalance

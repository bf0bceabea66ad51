// HTML: who waits for whom in collectives.
#include <algorithm>

#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

constexpr std::size_t most_bars = 24;

double as_double(std::int64_t value) { return static_cast<double>(value); }

HtmlTable straggler_table(const std::vector<imbalance::Straggler>& stragglers) {
  HtmlTable table({{"rank", false, {}},
                   {"came last", true, "collectives that others waited in for it"},
                   {"others waited", true, "all of them together"},
                   {"share", true, "of all waits"},
                   {"mostly because of", false, {}},
                   {"evidence", false, "beside the median of those that waited, on the mean"}});
  for (const imbalance::Straggler& late : stragglers) {
    table.add_row({rank_label(late.rank), count_cell(late.times), duration_cell(as_double(late.caused_ns)),
                   share_cell(late.share), std::string(imbalance::name_of(late.mostly.cause)),
                   evidence_of(late.mostly)});
  }
  return table;
}

// Ranks that waited little are the ones that others waited for.
void add_rank_bars(HtmlPage& page, const std::vector<imbalance::RankWait>& ranks) {
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < std::min(ranks.size(), most_bars); ++i) {
    const double waited = as_double(ranks[i].waited_ns);
    Bar& bar = bars.emplace_back();
    bar.label = rank_label(ranks[i].rank);
    bar.parts.push_back({waited, "c1", bar.label + ": " + format_duration(waited)});
    bar.value_label = format_duration(waited);
  }
  page.figure_markup("Time each rank waited", {},
                     bar_chart("Time each rank waited", bars, "waited", format_tick_duration));
}

}  // namespace

void add_wait_section(HtmlPage& page, const analysis::RunAnalysis& run) {
  if (run.imbalance.meetings == 0) return;
  page.open_section("waits", "Waiting for other ranks");
  page.note(waits_sentence(run));
  if (!run.imbalance.stragglers.empty()) page.table(straggler_table(run.imbalance.stragglers));
  add_rank_bars(page, run.imbalance.by_rank);
  page.close_section();
}

}  // namespace foldperf::report

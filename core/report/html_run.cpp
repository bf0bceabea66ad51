// HTML: the run, the machine, and what the record lacks.
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {

void add_run_section(HtmlPage& page, const analysis::RunAnalysis& run) {
  page.open_section("run", "Run and machine");
  const auto sentences = findings(run);
  if (!sentences.empty()) page.list(sentences);
  if (run.range_count == 0) page.paragraph(no_ranges);

  std::vector<std::pair<std::string, std::string>> facts;
  const database::RunRow& row = run.facts.run;
  if (!row.command.empty()) facts.emplace_back("Command", row.command);
  if (!row.working_directory.empty()) facts.emplace_back("Folder", row.working_directory);
  facts.emplace_back("Started", format_utc(row.start_utc_ns));
  facts.emplace_back("Duration", format_duration(static_cast<double>(run.facts.duration_ns)) +
                                     (run.facts.duration_known ? "" : " (to the last event; no end was recorded)"));
  facts.emplace_back("State", state_sentence(run));
  for (const std::string& line : machine_lines(run)) facts.emplace_back("Host", line);
  if (run.facts.ranks.empty()) facts.emplace_back("Host", "unknown: no process left a record");
  for (const std::string& line : gpu_lines(run)) facts.emplace_back("GPU", line);
  if (run.facts.gpus.empty()) facts.emplace_back("GPU", "none recorded");
  facts.emplace_back("Ranges",
                     format_count(static_cast<std::int64_t>(run.range_count)) +
                         (run.unclosed_ranges ? ", " + format_count(static_cast<std::int64_t>(run.unclosed_ranges)) +
                                                    " still open when the program ended"
                                              : ""));
  if (const std::string clocks = clock_sentence(run); !clocks.empty()) facts.emplace_back("Clocks", clocks);
  facts.emplace_back("Dropped records", dropped_sentence(run));
  if (!row.foldperf_version.empty()) facts.emplace_back("Recorded by", "foldperf " + row.foldperf_version);
  page.facts(facts);

  if (!run.facts.collectors.empty()) {
    page.subheading("Collectors");
    HtmlTable table({{"collector", false, {}}, {"rank", true, {}}, {"state", false, {}}, {"detail", false, {}}});
    for (const database::CollectorRow& collector : run.facts.collectors) {
      table.add_row({collector.name, count_cell(collector.rank), collector.state, collector.detail});
    }
    page.table(table);
  } else {
    page.note("No collector reported what it could and could not record.");
  }
  if (!run.facts.dropped.empty()) {
    page.subheading("Dropped records");
    HtmlTable table({{"kind", false, {}}, {"rank", true, {}}, {"count", true, {}}, {"reason", false, {}}});
    for (const database::DroppedRow& dropped : run.facts.dropped) {
      table.add_row({dropped.kind, count_cell(dropped.rank), count_cell(dropped.count), dropped.reason});
    }
    page.table(table);
  }
  page.close_section();
}

}  // namespace foldperf::report

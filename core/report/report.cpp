#include "core/report/report.hpp"

#include "core/analysis/analysis.hpp"
#include "core/report/html_report.hpp"
#include "core/report/json_report.hpp"
#include "core/report/text_report.hpp"

namespace foldperf::report {

std::optional<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  if (name == "html") return Format::html;
  return std::nullopt;
}

std::string render(const analysis::RunAnalysis& run, Format format, const Options& options) {
  switch (format) {
    case Format::json:
      return render_json(run);
    case Format::html:
      return render_html(run);
    case Format::text:
      break;
  }
  return render_text(run, options);
}

std::string render(const database::RunReader& reader, Format format, const Options& options) {
  return render(analysis::analyze(reader), format, options);
}

}  // namespace foldperf::report

#include <algorithm>

#include "core/exchange/exported_run.hpp"
#include "core/exchange/output_file.hpp"
#include "core/exchange/run_export.hpp"

namespace foldperf::exchange {
namespace {

void append_field(std::string& line, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

}  // namespace

std::int64_t export_csv(const std::string& run, const std::string& output, const std::string& table) {
  ExportedRun source(run);
  const auto names = source.tables_and_views();
  if (std::find(names.begin(), names.end(), table) == names.end()) {
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    throw UsageError("--table " + table + ": a run has no such table; it has " + known);
  }
  OutputFile file(output);
  std::int64_t count = 0;
  database::naming_damage(run, [&] {
    database::sqlite::Statement rows(source.connection(), "SELECT * FROM \"" + table + "\"");
    std::string line;
    for (int i = 0; i < rows.columns(); ++i) append_field(line += i == 0 ? "" : ",", rows.column_name(i));
    file.write(line + "\r\n");
    while (rows.step()) {
      line.clear();
      for (int i = 0; i < rows.columns(); ++i) {
        if (i != 0) line += ',';
        if (!rows.is_null(i)) append_field(line, rows.text(i));
      }
      file.write(line += "\r\n");
      ++count;
    }
  });
  file.close();
  return count;
}

}  // namespace foldperf::exchange

// A run database as a report for people (text, HTML) and for programs (JSON). docs/report.md says what each number
// means and documents the JSON keys.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace foldperf::database {
class RunReader;
}
namespace foldperf::analysis {
struct RunAnalysis;
}

namespace foldperf::report {

enum class Format { text, json, html };

// "text", "json", "html"; nullopt for anything else.
std::optional<Format> parse_format(std::string_view name);

struct Options {
  std::size_t top = 20;     // rows of each table in the text report; HTML and JSON hold everything that is useful there
  std::size_t width = 100;  // columns of the text report
};

// Reads and analyses the whole run, then renders it. Works on any readable run database: what is empty or unknown is
// said in a sentence. Text ends with a newline and holds no control character from the database; HTML is one
// self-contained file in which every text of the database is escaped; JSON is one object.
// Throws what the reader throws where the file cannot be read (InputError).
std::string render(const database::RunReader& reader, Format format, const Options& options = {});

// The same for an analysis made before.
std::string render(const analysis::RunAnalysis& run, Format format, const Options& options = {});

}  // namespace foldperf::report

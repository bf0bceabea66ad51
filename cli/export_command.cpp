// foldperf export: a run as other tools read it (core/exchange).
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/context.hpp"
#include "core/error.hpp"
#include "core/exchange/run_export.hpp"

namespace foldperf::cli {
namespace {

struct Arguments {
  std::string run, output, table, steps;
  std::optional<double> from_s, to_s;
  bool overwrite = false;
};

bool ends_in(const std::string& name, const std::string& ending) {
  return name.ends_with(ending) || name.ends_with(ending + ".gz");
}

std::int64_t nanoseconds(double seconds, const char* option) {
  if (!std::isfinite(seconds) || std::abs(seconds) > 1e9) {
    throw UsageError(std::string(option) + " takes seconds from the run's start");
  }
  return std::llround(seconds * 1e9);
}

std::pair<std::int64_t, std::int64_t> step_range(const std::string& text) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  const char* const end = text.data() + text.size();
  const auto a = std::from_chars(text.data(), end, first);
  bool good = a.ec == std::errc() && a.ptr != end && *a.ptr == ':';
  if (good) {
    const auto b = std::from_chars(a.ptr + 1, end, last);
    good = b.ec == std::errc() && b.ptr == end && first <= last;
  }
  if (!good) throw UsageError("--steps " + text + ": give the first and the last step, such as 10:12");
  return {first, last};
}

int run(const Arguments& arguments) {
  std::error_code error;
  if (std::filesystem::equivalent(arguments.output, arguments.run, error)) {
    throw UsageError("-o " + arguments.output + " is the run database itself: give another name");
  }
  if (std::filesystem::exists(arguments.output, error) && !arguments.overwrite) {
    throw UsageError(arguments.output + " exists: choose another name, or add --force");
  }
  const bool limited = arguments.from_s || arguments.to_s || !arguments.steps.empty();
  if (ends_in(arguments.output, ".csv")) {
    if (arguments.table.empty()) throw UsageError("a CSV file holds one table: which? --table kernels, for example");
    if (limited) throw UsageError("--from, --to and --steps are of traces; a CSV file holds a whole table");
    const auto rows = exchange::export_csv(arguments.run, arguments.output, arguments.table);
    std::fprintf(stderr, "foldperf: wrote %lld rows of %s to %s\n", static_cast<long long>(rows),
                 arguments.table.c_str(), arguments.output.c_str());
    return 0;
  }
  if (!ends_in(arguments.output, ".json")) {
    throw UsageError("-o " + arguments.output +
                     ": its ending says the format: .json or .json.gz (a trace), .csv or .csv.gz");
  }
  if (!arguments.table.empty()) throw UsageError("--table is of CSV files: name the output .csv");
  exchange::ExportOptions options;
  if (arguments.from_s) options.from_ns = nanoseconds(*arguments.from_s, "--from");
  if (arguments.to_s) options.to_ns = nanoseconds(*arguments.to_s, "--to");
  if (!arguments.steps.empty()) options.steps = step_range(arguments.steps);
  const auto events = exchange::export_chrome(arguments.run, arguments.output, options);
  std::fprintf(stderr, "foldperf: wrote %lld events to %s; see it at https://ui.perfetto.dev or chrome://tracing\n",
               static_cast<long long>(events), arguments.output.c_str());
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("export", "Write a run as a trace for Perfetto, or a table as CSV");
  sub->add_option("run", arguments->run, "Run database")->required()->type_name(file_type);
  sub->add_option("-o,--output", arguments->output, "What to write: .json, .json.gz, .csv or .csv.gz")
      ->required()
      ->type_name(file_type);
  sub->add_option("--table", arguments->table, "Table or view of the run for a CSV file")->type_name("NAME");
  sub->add_option("--from", arguments->from_s, "Only from this second of the run")->type_name("SECONDS");
  sub->add_option("--to", arguments->to_s, "Only up to this second of the run")->type_name("SECONDS");
  sub->add_option("--steps", arguments->steps, "Only these steps, first and last")->type_name("A:B");
  sub->add_flag("--force,--overwrite", arguments->overwrite, "Replace the output if it exists");
  sub->footer(
      "\nExample:\n  foldperf export run.db -o run.json.gz --steps 10:12\n"
      "  foldperf export run.db -o kernels.csv --table kernels");
  sub->callback([&context, arguments] { context.run = [arguments] { return run(*arguments); }; });
}

}  // namespace foldperf::cli

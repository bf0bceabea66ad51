// foldperf import: a run database of another tool's recording (core/exchange).
#include <cstdio>
#include <memory>

#include "cli/context.hpp"
#include "cli/run_writing.hpp"
#include "core/exchange/run_import.hpp"

namespace foldperf::cli {
namespace {

struct Arguments {
  std::vector<std::string> inputs;
  std::string output;
  bool overwrite = false;
};

int run(const Arguments& arguments) {
  const std::string output = checked_output(arguments.output, arguments.overwrite);
  const auto report = exchange::import_traces(arguments.inputs, output);
  print_line("imported " + std::to_string(report.events) + " events of " + std::to_string(report.ranks) +
             (report.ranks == 1 ? " rank" : " ranks") + " into " + arguments.output +
             "; read it with: foldperf report " + arguments.output);
  if (report.not_taken > 0) {
    print_line(std::to_string(report.not_taken) + " events are of kinds that a run has no place for (dropped_records)");
  }
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("import", "Make a run database of traces of PyTorch's profiler");
  sub->add_option("trace", arguments->inputs, "Traces, a file a rank: .json or .json.gz")
      ->required()
      ->type_name(file_type);
  sub->add_option("-o,--output", arguments->output, "The run database to write")->required()->type_name(file_type);
  sub->add_flag("--force,--overwrite", arguments->overwrite, "Replace the run database if it exists");
  sub->footer("\nExample:\n  foldperf import rank0.json.gz rank1.json.gz -o run.db");
  sub->callback([&context, arguments] { context.run = [arguments] { return run(*arguments); }; });
}

}  // namespace foldperf::cli

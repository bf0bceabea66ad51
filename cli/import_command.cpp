// foldperf import: a run database of another tool's recording (core/exchange).
#include <algorithm>
#include <cstdio>
#include <fstream>
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

bool is_sqlite(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(15, '\0');
  return file.read(head.data(), static_cast<std::streamsize>(head.size())) && head == "SQLite format 3";
}

int run(const Arguments& arguments) {
  const std::string output = checked_output(arguments.output, arguments.overwrite);
  check_is_no_input(arguments.output, arguments.inputs);
  const auto export_of_nsight = std::find_if(arguments.inputs.begin(), arguments.inputs.end(), is_sqlite);
  const bool nsight = export_of_nsight != arguments.inputs.end();
  if (nsight && arguments.inputs.size() > 1) {
    throw UsageError("one export of Nsight Systems makes a run: import " + *export_of_nsight + " alone");
  }
  const auto report = nsight ? exchange::import_nsight(arguments.inputs.front(), output)
                             : exchange::import_traces(arguments.inputs, output);
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
  CLI::App* sub = app.add_subcommand("import", "Make a run database of another profiler's recording");
  sub->add_option("trace", arguments->inputs,
                  "Traces of PyTorch, a file a rank (.json, .json.gz), or an SQLite export of Nsight Systems")
      ->required()
      ->type_name(file_type);
  sub->add_option("-o,--output", arguments->output, "The run database to write")->required()->type_name(file_type);
  sub->add_flag("--force,--overwrite", arguments->overwrite, "Replace the run database if it exists");
  sub->footer("\nExample:\n  foldperf import rank0.json.gz rank1.json.gz -o run.db");
  sub->callback([&context, arguments] { context.run = [arguments] { return run(*arguments); }; });
}

}  // namespace foldperf::cli

// foldperf merge: makes one run database of the files that the processes of a run left.
#include <filesystem>
#include <memory>

#include "cli/context.hpp"
#include "cli/run_writing.hpp"

namespace foldperf::cli {
namespace {

struct Arguments {
  std::vector<std::string> inputs;
  std::string output;
  bool overwrite = false;
  WritingOptions options;
};

int run(const Arguments& arguments) {
  if (arguments.output.empty()) throw UsageError("-o RUN.db is missing: where shall the run database be written?");
  if (arguments.inputs.empty()) throw UsageError("what shall be merged? foldperf merge FOLDER -o RUN.db");
  std::error_code error;
  if (arguments.inputs.size() == 1 && !std::filesystem::is_regular_file(arguments.inputs[0], error)) {
    return merge_folder(arguments.inputs[0], arguments.output, arguments.overwrite, arguments.options);
  }
  return merge_files(arguments.inputs, arguments.output, arguments.overwrite, arguments.options);
}

}  // namespace

void add_merge(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("merge", "Make a run database of what processes recorded");
  sub->add_option("input", arguments->inputs, "A folder, or *.foldperf files")->type_name(file_type);
  sub->add_option("-o,--output", arguments->output, "The run database to write")->type_name(file_type);
  sub->add_flag("--overwrite,--force", arguments->overwrite, "Replace the run database if it exists");
  sub->add_option("--step-range", arguments->options.step_range, "NVTX range that spans a step; * stands for any text")
      ->type_name("NAME");
  sub->add_flag("--redact", arguments->options.redact, "Take names of machines, commands and paths out");
  sub->footer("\nExample:\n  foldperf merge run.db.part-a1B2c3 -o run.db");
  sub->callback([&context, arguments] { context.run = [arguments] { return run(*arguments); }; });
}

}  // namespace foldperf::cli

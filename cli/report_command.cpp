// foldperf report: renders a run database (core/report).
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/context.hpp"
#include "core/database/reader.hpp"
#include "core/error.hpp"
#include "core/report/report.hpp"

namespace foldperf::cli {
namespace {

struct Arguments {
  std::string database;
  std::string format = "text";
  std::string output;
  std::size_t top = report::Options{}.top;
  std::size_t width = 0;  // 0: the terminal's, or the report's default
};

std::size_t terminal_width() {
  winsize size{};
  const bool known = isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40;
  return known ? size.ws_col : report::Options{}.width;
}

// Under whatever name: the report would replace the run.
void check_output(const Arguments& arguments) {
  std::error_code error;
  if (!arguments.output.empty() && std::filesystem::equivalent(arguments.output, arguments.database, error)) {
    throw UsageError("-o " + arguments.output + " is the run database itself: give the report another name");
  }
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw SystemError("could not write the report to " + path + ": is the folder there, and is there room?");
}

int run(const Arguments& arguments) {
  const auto format = report::parse_format(arguments.format);
  if (!format) throw UsageError("unknown format " + arguments.format + ": use text, json or html");
  check_output(arguments);
  report::Options options;
  options.top = arguments.top;
  options.width = arguments.width != 0 ? arguments.width : arguments.output.empty() ? terminal_width() : options.width;
  const database::RunReader reader(arguments.database);
  const std::string text = report::render(reader, *format, options);
  if (arguments.output.empty()) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw SystemError("could not write the report to the standard output");
    }
  } else {
    write_file(arguments.output, text);
  }
  return static_cast<int>(ExitCode::success);
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("report", "Say where the time of a run went");
  sub->add_option("run", arguments->database, "Run database, as foldperf profile writes it")
      ->required()
      ->type_name(file_type);
  sub->add_option("--format", arguments->format, "text, json, or html (one file with pictures)")
      ->check(CLI::IsMember({"text", "json", "html"}))
      ->type_name("FORMAT");
  sub->add_option("-o,--output", arguments->output, "Write into this file instead of the standard output")
      ->type_name(file_type);
  sub->add_option("--top", arguments->top, "Rows of each table of the text report")->type_name("N");
  sub->add_option("--width", arguments->width, "Columns of the text report (default: the terminal's)")->type_name("N");
  sub->footer("\nExample:\n  foldperf report run.db\n  foldperf report run.db --format html -o run.html");
  sub->callback([&context, arguments] { context.run = [arguments] { return run(*arguments); }; });
}

}  // namespace foldperf::cli

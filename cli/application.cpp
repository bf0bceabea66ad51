#include "cli/application.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "cli/suggestions.hpp"
#include "core/error.hpp"

namespace foldperf::cli {
namespace {

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The deepest subcommand that was read before the error.
const CLI::App* chosen(const CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? &app : chosen(*subs.back());
}

std::string where_to_look(const CLI::App& app, const CLI::App* sub) {
  return sub == &app ? "see foldperf --help" : "see foldperf " + sub->get_name() + " --help";
}

// The first argument that nothing took: an option or subcommand that does not exist.
[[noreturn]] void refuse_argument(const CLI::App& app, const std::string& argument) {
  const CLI::App* sub = chosen(app);
  const bool is_option = argument.size() > 1 && argument[0] == '-';
  const std::string name = argument.substr(0, argument.find('='));
  std::string message = is_option     ? "unknown option " + name
                        : sub == &app ? "unknown command " + name
                                      : "unexpected argument " + name;
  const auto candidates = is_option     ? option_names(*sub)
                          : sub == &app ? subcommand_names(app)
                                        : std::vector<std::string>{};
  if (const auto close = closest(name, candidates)) message += "; did you mean " + *close + "?";
  throw UsageError(message + " (" + where_to_look(app, sub) + ")");
}

// One line of CLI11's text, without its line breaks.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::unique_ptr<CLI::App> make_application(Context& context) {
  auto app =
      std::make_unique<CLI::App>("Profiles the training of neural networks and reads where the time went.", "foldperf");
  app->set_version_flag("--version", "foldperf " FOLDPERF_VERSION);
  app->get_formatter()->column_width(34);
  app->require_subcommand(0, 1);
  app->footer(
      "\nExample:\n"
      "  foldperf profile -o run.db -- python train.py\n"
      "  foldperf report run.db\n"
      "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 bad input file, 4 refused by the system, 130 interrupted.\n"
      "foldperf profile exits with the code of the command that it ran.");
  add_train(*app, context);
  add_profile(*app, context);
  add_merge(*app, context);
  add_report(*app, context);
  add_export(*app, context);
  add_import(*app, context);
  add_doctor(*app, context);
  add_completion(*app, context);
  // An unknown argument is ours to name, with what may have been meant.
  app->allow_extras();
  for (CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_prefix_command()) sub->allow_extras();
  }
  return app;
}

int run_application(int argc, const char* const* argv) {
  Context context;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  // The trainer reads its own command line, --help included.
  if (!arguments.empty() && arguments[0] == "train") exec_train({arguments.begin() + 1, arguments.end()});
  if (const auto dashes = std::find(arguments.begin(), arguments.end(), "--"); dashes != arguments.end()) {
    context.has_dashes = true;
    context.after_dashes.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }

  const auto app = make_application(context);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app->parse(arguments);
  } catch (const CLI::CallForHelp& request) {
    return app->exit(request);
  } catch (const CLI::CallForAllHelp& request) {
    return app->exit(request);
  } catch (const CLI::CallForVersion& request) {
    return app->exit(request);
  } catch (const CLI::ParseError& error) {
    throw UsageError(one_line(error.what()) + " (" + where_to_look(*app, chosen(*app)) + ")");
  }
  const CLI::App* sub = chosen(*app);
  const auto extras = app->remaining(true);
  if (!sub->get_prefix_command() && !extras.empty()) refuse_argument(*app, extras.front());
  if (context.has_dashes && (sub == app.get() || !sub->get_prefix_command())) {
    throw UsageError("only foldperf profile takes a command behind --");
  }
  if (!context.run) {
    std::fputs(app->help().c_str(), stdout);
    return static_cast<int>(ExitCode::usage);
  }
  return context.run();
}

}  // namespace foldperf::cli

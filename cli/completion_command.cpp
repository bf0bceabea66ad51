// foldperf completion: prints what makes a shell complete foldperf's commands and options.
#include <cstdio>
#include <memory>

#include "cli/completion.hpp"
#include "cli/context.hpp"
#include "core/error.hpp"

namespace foldperf::cli {

void add_completion(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("completion", "Print a completion script for a shell");
  sub->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->footer("\nExample:\n  source <(foldperf completion bash)");
  sub->callback([&app, &context, shell] {
    context.run = [&app, shell] {
      const Shell kind = *shell == "bash" ? Shell::bash : *shell == "zsh" ? Shell::zsh : Shell::fish;
      std::fputs(completion_script(app, kind).c_str(), stdout);
      return static_cast<int>(ExitCode::success);
    };
  });
}

}  // namespace foldperf::cli

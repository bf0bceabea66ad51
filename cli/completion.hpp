// Completion scripts for shells, made from the application itself, so that they never fall behind it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace foldperf::cli {

enum class Shell { bash, zsh, fish };

std::string completion_script(const CLI::App& app, Shell shell);

}  // namespace foldperf::cli

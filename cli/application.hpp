// The command line as a whole.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/context.hpp"

namespace foldperf::cli {

// The application with all subcommands; `context` must outlive it.
std::unique_ptr<CLI::App> make_application(Context& context);

// Reads the command line and runs what it asks for. Returns the exit code; throws foldperf::Error.
int run_application(int argc, const char* const* argv);

}  // namespace foldperf::cli

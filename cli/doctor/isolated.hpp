// Runs a look at a strange library in a child process: one that crashes, hangs or prints does no harm here.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace foldperf::cli::doctor {

struct Outcome {
  bool ok = false;      // the child ended well
  std::string text;     // what it handed over
  std::string problem;  // why it is not ok: "crashed (signal 11)", "took longer than 10 s"
};

// `look` returns the text to hand over. Its standard streams are closed to the terminal.
Outcome run_isolated(const std::function<std::string()>& look, std::chrono::seconds timeout = std::chrono::seconds(10));

// Runs a program and takes its standard output; `environment`: "NAME=value" beside our own.
Outcome run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                    std::chrono::seconds timeout = std::chrono::seconds(10));

}  // namespace foldperf::cli::doctor

// Where the parts of foldperf that this program starts or loads into others lie: beside it, or as installed.
#pragma once

#include <optional>
#include <string>

namespace foldperf::cli {

// The folder of the running foldperf.
std::string program_folder();

// libfoldperf_collector.so: beside foldperf, or in ../lib and its like. Its absolute path.
std::optional<std::string> find_collector();

// A program of ours: beside foldperf (in a release: its launcher in ../bin), in ../libexec, or in PATH.
std::optional<std::string> find_program(const std::string& name);

}  // namespace foldperf::cli

#pragma once
// The main() of a benchmark: an error is one line on stderr, without Torch's backtrace, and exit code 1.

#include <c10/util/Exception.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace foldperf::bench {

// `run` gets the arguments after the program's name and returns the exit code.
template <typename Run>
int bench_main(const char* name, Run run, int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const c10::Error& error) {
    std::cerr << name << ": " << error.what_without_backtrace() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << std::endl;
  }
  return 1;
}

}  // namespace foldperf::bench

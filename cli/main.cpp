// The foldperf command. It starts in milliseconds: neither Torch nor Qt nor CUDA is linked; other programs are started.
#include <cstdio>
#include <exception>
#include <string>

#include "cli/application.hpp"
#include "core/error.hpp"

int main(int argc, char** argv) {
  try {
    return foldperf::cli::run_application(argc, argv);
  } catch (const foldperf::Error& error) {
    std::fprintf(stderr, "foldperf: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "foldperf: %s\n", error.what());
    return static_cast<int>(foldperf::ExitCode::failure);
  }
}

// What every fuzz target is made of. A target feeds its input to a reader and looks at what comes out: the reader may
// refuse the input by an InputError that begins with the file's name, and what it returns must fit together. All else
// ends the process, for the driver (driver.cpp) or libFuzzer to report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace foldperf::fuzz {

// How the inputs went: a target whose seeds are all refused, or none of whose inputs is, does not test its reader.
struct Outcomes {
  std::uint64_t read = 0;
  std::uint64_t refused = 0;
  std::string refusal;  // the last one's message
};
inline Outcomes outcomes;

[[noreturn]] inline void fail(const std::string& message) {
  std::fprintf(stderr, "fuzz: %s\n", message.c_str());
  std::abort();
}

inline void require(bool holds, const char* what) {
  if (!holds) fail(std::string("this does not hold: ") + what);
}

// Calls use(text) with the input, which lies in memory with nothing behind it. `file` is what messages must begin with.
// Returns what LLVMFuzzerTestOneInput must return.
template <class Use>
int try_input(const std::uint8_t* data, std::size_t size, std::string_view file, Use&& use) {
  try {
    std::forward<Use>(use)(std::string_view(reinterpret_cast<const char*>(data), size));
    ++outcomes.read;
  } catch (const InputError& error) {
    ++outcomes.refused;
    outcomes.refusal = error.what();
    if (!std::string_view(error.what()).starts_with(file)) fail(std::string("names no file: ") + error.what());
  } catch (const std::exception& error) {
    fail(std::string("neither a result nor an InputError: ") + typeid(error).name() + ": " + error.what());
  }
  return 0;
}

}  // namespace foldperf::fuzz

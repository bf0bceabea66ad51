// Runs a fuzz target where there is no libFuzzer: first all seeds, then damaged copies of them, for some seconds.
//
//   fuzz_<target> [--seconds N] [--seed N] [--dictionary FILE] [--failures FOLDER] [--patience SECONDS] FILE|FOLDER...
//
// With files alone it replays them, as libFuzzer's programs do. FOLDPERF_FUZZ_SECONDS and FOLDPERF_FUZZ_SEED go before
// what the command says. Exit code 0: all went well; 1: some input failed, and its path was printed; 2: usage.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "tests/fuzz/frame/dictionary.hpp"
#include "tests/fuzz/frame/failing_input.hpp"
#include "tests/fuzz/frame/fuzz_target.hpp"
#include "tests/fuzz/frame/mutations.hpp"
#include "tests/support/files.hpp"

// Sanitizers refuse one allocation beyond this; all memory is limited below, where there is none.
extern "C" const char* __asan_default_options();  // NOLINT: the sanitizer's name
extern "C" const char* __asan_default_options() { return "max_allocation_size_mb=1024"; }

namespace foldperf::fuzz {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t memory_limit_bytes = std::size_t{2} << 30;
constexpr std::size_t max_length = std::size_t{1} << 18;

struct Options {
  std::uint64_t seconds = 0;
  std::uint64_t seed = 20230601;
  std::uint64_t patience_s = 60;
  fs::path dictionary;
  fs::path failures = ".";
  std::vector<fs::path> inputs;
};

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [used, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || used != end) throw std::invalid_argument("'" + text + "' is no whole number");
  return value;
}

Options read_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (!name.starts_with("--")) {
      options.inputs.emplace_back(name);
      continue;
    }
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    const std::string& value = arguments[++i];
    if (name == "--seconds") {
      options.seconds = number(value);
    } else if (name == "--seed") {
      options.seed = number(value);
    } else if (name == "--patience") {
      options.patience_s = number(value);
    } else if (name == "--dictionary") {
      options.dictionary = value;
    } else if (name == "--failures") {
      options.failures = value;
    } else {
      throw std::invalid_argument("unknown option " + name);
    }
  }
  if (options.inputs.empty()) throw std::invalid_argument("no input given");
  if (const char* seconds = std::getenv("FOLDPERF_FUZZ_SECONDS"); seconds && options.seconds > 0) {
    options.seconds = number(seconds);
  }
  if (const char* seed = std::getenv("FOLDPERF_FUZZ_SEED")) options.seed = number(seed);
  return options;
}

// Sorted, so that a round's input does not depend on the file system.
std::set<fs::path> files_of(const std::vector<fs::path>& paths) {
  std::set<fs::path> files;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path)) {
      files.insert(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.insert(entry.path());
    }
  }
  return files;
}

void run_one(const std::string& input, const fs::path& file, const Options& options) {
  // A copy of just this size: a sanitizer sees what is read behind it.
  const auto bytes = std::make_unique<std::uint8_t[]>(input.size());  // NOLINT: a vector may have more room
  std::memcpy(bytes.get(), input.data(), input.size());
  const InputUnderTest under_test(input, file, static_cast<unsigned>(options.patience_s));
  LLVMFuzzerTestOneInput(bytes.get(), input.size());
}

int run(const std::string& program, const Options& options) {
  fs::create_directories(options.failures);
  watch_for_failures(memory_limit_bytes);
  std::vector<std::string> seeds;
  for (const fs::path& file : files_of(options.inputs)) {
    seeds.push_back(testing::read_file(file));
    std::printf("%s: %s", program.c_str(), file.c_str());
    std::fflush(stdout);
    outcomes.refusal.clear();
    run_one(seeds.back(), options.failures / ("replayed-" + file.filename().string()), options);
    std::printf(": %s\n", outcomes.refusal.empty() ? "read" : outcomes.refusal.c_str());
  }
  std::printf("%s: %zu files replayed: %llu read, %llu refused\n", program.c_str(), seeds.size(),
              static_cast<unsigned long long>(outcomes.read), static_cast<unsigned long long>(outcomes.refused));
  if (options.seconds == 0) return 0;
  if (outcomes.read == 0) throw std::runtime_error("every seed was refused: mutations of them would test little");

  std::vector<std::string> words;
  if (!options.dictionary.empty()) words = parse_dictionary(testing::read_file(options.dictionary));
  const Mutator mutator(std::move(seeds), std::move(words), max_length);
  std::printf("%s: mutating for %llu s with seed %llu (FOLDPERF_FUZZ_SECONDS, FOLDPERF_FUZZ_SEED)\n", program.c_str(),
              static_cast<unsigned long long>(options.seconds), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  outcomes = {};
  const auto end = Clock::now() + std::chrono::seconds(options.seconds);
  std::uint64_t round = 0;
  for (; Clock::now() < end; ++round) {
    const std::string name = program + "-" + std::to_string(options.seed) + "-" + std::to_string(round);
    run_one(mutator.input(options.seed, round), options.failures / name, options);
  }
  std::printf("%s: %llu inputs: %llu read, %llu refused\n", program.c_str(), static_cast<unsigned long long>(round),
              static_cast<unsigned long long>(outcomes.read), static_cast<unsigned long long>(outcomes.refused));
  if (outcomes.refused == 0) throw std::runtime_error("no damaged input was refused: the target does not read them");
  constexpr std::uint64_t enough = 1000;
  if (round >= enough && outcomes.read == 0) throw std::runtime_error("every damaged input was refused");
  return 0;
}

}  // namespace
}  // namespace foldperf::fuzz

int main(int count, char** values) {
  const std::filesystem::path program = count > 0 ? values[0] : "fuzz";
  foldperf::fuzz::Options options;
  try {
    options = foldperf::fuzz::read_options({values + 1, values + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr,
                 "%s: %s\nusage: %s [--seconds N] [--seed N] [--dictionary FILE] [--failures FOLDER] "
                 "[--patience SECONDS] FILE|FOLDER...\n",
                 program.c_str(), error.what(), program.filename().c_str());
    return 2;
  }
  try {
    return foldperf::fuzz::run(program.filename().string(), options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
    return 1;
  }
}

// A process killed at any moment leaves a run that can be read, says that it was killed, and lacks at most the kernels
// of its last second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "tests/collectors/cupti/end_to_end/profiled.hpp"

namespace foldperf::testing {
namespace {

using ::testing::HasSubstr;

// When each kernel was launched, as the program wrote it itself.
std::vector<std::int64_t> launches_of(const std::filesystem::path& log) {
  const std::string bytes = read_file(log);
  std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::int64_t));
  return {numbers.begin() + 1, numbers.begin() + 1 + numbers.at(0)};
}

// Whether the killed process had left a file.
bool kill_after(int milliseconds) {
  SCOPED_TRACE("killed after " + std::to_string(milliseconds) + " ms");
  const TemporaryFolder folder;
  const std::string log = folder / "log";
  const Profiled run({"until_killed", log, std::to_string(milliseconds)});
  EXPECT_EQ(run.result.exit_code, 128 + SIGKILL) << run.result.errors;
  if (!std::filesystem::exists(run.path())) {
    ADD_FAILURE() << "there is no run: " << run.result.errors;
    return false;
  }
  EXPECT_EQ(run.one("SELECT state||' '||exit_code FROM runs"), "killed 137") << run.result.errors;
  EXPECT_EQ(run.result.errors.find("damaged"), std::string::npos) << run.result.errors;
  const auto launched = launches_of(log);
  EXPECT_FALSE(launched.empty());
  const std::int64_t last_second = launched.empty() ? 0 : launched.back() - 1'000'000'000;
  const auto older = std::count_if(launched.begin(), launched.end(), [&](std::int64_t at) { return at < last_second; });
  const int kernels = std::stoi(run.one(kernel_count));
  EXPECT_GE(kernels, older) << "of " << launched.size();
  EXPECT_LE(kernels, static_cast<int>(launched.size()) + 1);
  // No kernel twice, none between two others lost.
  EXPECT_EQ(run.one("SELECT count(DISTINCT correlationId)=count(*) AND max(raw_correlationId)=count(*) OR count(*)=0 "
                    "FROM CUPTI_ACTIVITY_KIND_KERNEL"),
            "1");
  const bool has_file = run.one("SELECT count(*) FROM ranks") == "1";
  if (has_file) {
    EXPECT_EQ(run.one("SELECT state FROM ranks"), "killed");
    EXPECT_THAT(run.report(), HasSubstr("killed"));
  } else {
    EXPECT_EQ(older, 0);
    EXPECT_THAT(run.result.errors, HasSubstr("exit code 137 before it left a record"));
  }
  return has_file;
}

// From several threads: a run mostly waits for its program.
int kill_many(int count, int threads, int shortest_ms, int longest_ms) {
  std::atomic<int> next{0};
  std::atomic<int> with_file{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        std::mt19937 random(static_cast<unsigned>(i));
        if (kill_after(std::uniform_int_distribution(shortest_ms, longest_ms)(random))) ++with_file;
      }
    });
  }
  for (auto& thread : all) thread.join();
  return with_file;
}

TEST(CuptiKill, SoonAfterTheStart) { EXPECT_GT(kill_many(88, 3, 60, 260), 0); }

TEST(CuptiKill, KeepsAllButTheLastSecond) { EXPECT_EQ(kill_many(12, 3, 1200, 2500), 12); }

}  // namespace
}  // namespace foldperf::testing

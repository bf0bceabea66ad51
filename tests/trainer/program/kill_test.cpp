// foldperf-train killed at any moment goes on as if it had not been.
//
// The runs are children of this process, which has loaded LibTorch already: that takes longer than all their steps.
// What they run is the program's own command.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/support/files.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/program/command_line.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr int kills_wanted = 50;
constexpr std::int64_t steps = 24;

std::vector<std::string> arguments(const fs::path& output) {
  std::vector<std::string> words = {"--preset", "tiny",          "--data",  ::foldperf::testing::samples_dir().string(),
                                    "--output", output.string(), "--steps", std::to_string(steps),
                                    "--resume"};
  for (const char* setting :
       {"globals.c_m=16", "globals.c_z=8", "globals.c_s=16", "model.structure_module.no_blocks=1",
        "data.train.crop_size=16", "data.train.max_msa_clusters=4", "data.eval.max_msa_clusters=4",
        "data.source.train_chains=[\"1as5_A\"]", "data.loader.num_workers=1", "data.loader.order=strict",
        "train.threads=1", "train.device=cpu", "train.evaluate_every=10", "checkpoint.every_steps=1",
        "checkpoint.keep_last=2"}) {
    words.insert(words.end(), {"--set", setting});
  }
  return words;
}

class Child {
 public:
  explicit Child(const fs::path& output, const fs::path& log) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (std::freopen(log.c_str(), "w", stderr) == nullptr) ::_exit(99);
    int code = 98;
    try {
      code = static_cast<int>(train_command(parse_command_line(arguments(output))));
    } catch (const std::exception& error) {
      std::cerr << error.what() << std::endl;
    }
    ::_exit(code);
  }
  // The exit code; -1 where it was killed.
  int wait() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void kill() const { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_ = -1;
};

std::vector<json> metrics(const fs::path& output) {
  std::vector<json> lines;
  std::ifstream file(output / "metrics.jsonl");
  for (std::string text; std::getline(file, text);) {
    json line = json::parse(text);
    for (const char* clock : {"step_s", "data_wait_s", "evaluation_s"}) line.erase(clock);
    lines.push_back(std::move(line));
  }
  return lines;
}

void expect_same_end(const fs::path& expected, const fs::path& actual) {
  const auto last = [](const fs::path& output) {
    return read_checkpoint(CheckpointFolder(checkpoints_of(output)).file(steps).string());
  };
  const RunState x = last(expected), y = last(actual);
  const auto compare = [](const TensorDict& a, const TensorDict& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
  };
  compare(x.tensors.model, y.tensors.model);
  compare(x.tensors.average, y.tensors.average);
  compare(x.tensors.optimizer, y.tensors.optimizer);
  EXPECT_EQ(metrics(expected), metrics(actual));
  EXPECT_EQ(::foldperf::testing::read_file(expected / "weights.pt"),
            ::foldperf::testing::read_file(actual / "weights.pt"));
}

TEST(KilledRuns, GoOnAsIfTheyHadNotBeen) {
  at::set_num_threads(1);  // a process with more could not fork
  const ::foldperf::testing::TemporaryFolder folder;
  const fs::path straight = folder / "straight", log = folder / "log";
  const auto start = Clock::now();
  ASSERT_EQ(Child(straight, log).wait(), 0) << ::foldperf::testing::read_file(log);
  const double whole_s = std::chrono::duration<double>(Clock::now() - start).count();
  ASSERT_EQ(metrics(straight).size(), static_cast<std::size_t>(steps) + 3 * 2);

  // Any moment of a run; where one ends before, the next begins anew.
  std::mt19937 random(50);
  std::uniform_real_distribution<double> moment(0, whole_s);
  int kills = 0, run = 0, ends = 0;
  while (kills < kills_wanted) {
    const fs::path output = folder / ("run" + std::to_string(run));
    const Child child(output, log);
    std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
    child.kill();
    const int code = child.wait();
    ASSERT_TRUE(code == -1 || code == 0) << ::foldperf::testing::read_file(log);
    if (code == -1) {
      ++kills;
      continue;
    }
    expect_same_end(straight, output);
    ASSERT_FALSE(HasFailure()) << "after " << kills << " kills";
    ++ends;
    ++run;
  }
  const fs::path output = folder / ("run" + std::to_string(run));
  ASSERT_EQ(Child(output, log).wait(), 0) << ::foldperf::testing::read_file(log);
  expect_same_end(straight, output);
  std::cout << kills << " kills, " << ends + 1 << " runs that came to their end" << std::endl;
}

}  // namespace
}  // namespace foldperf::trainer

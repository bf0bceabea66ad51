#include "collectors/host/host_sampler.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>

#include "collectors/clock.hpp"

namespace foldperf::collectors {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t interval_ns = 100'000'000;

// A made-up /proc. Files are rewritten in place: the sampler keeps them open.
class MadeUpProc {
 public:
  MadeUpProc() {
    std::string name = (fs::temp_directory_path() / "foldperf-proc-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~MadeUpProc() { fs::remove_all(path_); }
  MadeUpProc(const MadeUpProc&) = delete;
  MadeUpProc& operator=(const MadeUpProc&) = delete;

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string thread_stat(int ticks, int core) {
  std::string text = "7 (python) S";
  for (int field = 4; field <= 52; ++field) {
    text += " " + std::to_string(field == 14 ? ticks : field == 39 ? core : 0);
  }
  return text + "\n";
}

TEST(HostSampler, RatesAreOfTheTimeBetweenSamples) {
  const MadeUpProc proc;
  // Core 0 is not ours: busy all the time. Core 1: half of it, by others.
  proc.write("stat", "cpu 0\ncpu0 100 0 0 0\ncpu1 0 0 0 100\n");
  proc.write("loadavg", "0 0 0 5/9 1\n");
  HostSampler sampler(proc.path(), {1});
  EXPECT_FALSE(sampler.sample(interval_ns).host.system_cpu_permille);
  proc.write("stat", "cpu 0\ncpu0 110 0 0 0\ncpu1 5 0 0 105\n");
  const auto& host = sampler.sample(2 * interval_ns).host;
  EXPECT_EQ(host.at_ns, 2 * interval_ns);
  EXPECT_EQ(host.system_cpu_permille, 750);
  ASSERT_TRUE(host.others_on_our_cores_permille);
  EXPECT_NEAR(static_cast<double>(*host.others_on_our_cores_permille), 500, 200);  // less what this test itself used
  EXPECT_EQ(host.run_queue, 5);
}

TEST(HostSampler, CoresTellWhoseTimeItWas) {
  const MadeUpProc proc;
  HostSampler sampler(proc.path(), {3, 4});
  std::vector<records::HostCoreRecord> rows;
  for (int round = 0; round <= 20; ++round) {
    const std::string ticks = std::to_string(8 * round);
    proc.write("stat", "cpu 0\ncpu2 9 0 0 0\ncpu3 " + ticks + " 0 0 " + std::to_string(2 * round) + "\ncpu4 0 0 0 " +
                           std::to_string(10 * round) + "\n");
    proc.write("self/task/7/stat", thread_stat(5 * round, 3));
    const auto& sample = sampler.sample((round + 1) * interval_ns);
    rows.insert(rows.end(), sample.cores.begin(), sample.cores.end());
  }
  ASSERT_EQ(rows.size(), 8u);  // two cores, twice a second, for two seconds
  for (const auto& row : rows) {
    EXPECT_EQ(row.busy_permille, row.core == 3 ? 800 : 0);
    if (row.at_ns <= 11 * interval_ns) continue;
    if (row.at_ns == 21 * interval_ns) {
      ASSERT_TRUE(row.ours_permille);
    } else {
      EXPECT_FALSE(row.ours_permille);
    }
    if (!row.ours_permille) continue;
    if (row.core == 3) {
      EXPECT_NEAR(static_cast<double>(*row.ours_permille), 500, 51);
    } else {
      EXPECT_EQ(row.ours_permille, 0);
    }
  }
}

TEST(HostSampler, AMachineThatTellsNothingGivesEmptyColumns) {
  const MadeUpProc proc;
  HostSampler sampler(proc.path(), {0});
  for (int round = 1; round < 30; ++round) {
    const auto& sample = sampler.sample(round * interval_ns);
    EXPECT_TRUE(sample.host.process_cpu_ns);  // by a system call
    EXPECT_FALSE(sample.host.system_cpu_permille || sample.host.run_queue || sample.host.pressure_cpu_permille ||
                 sample.host.page_cache_bytes || sample.host.rss_bytes || sample.host.others_on_our_cores_permille);
    EXPECT_TRUE(sample.cores.empty());
  }
}

TEST(HostSampler, PressureIsOfTheTimeInWhichTheKernelAddedItUp) {
  const MadeUpProc proc;
  HostSampler sampler(proc.path(), {0});
  std::vector<std::int64_t> told;
  for (int round = 0; round < 60; ++round) {
    // Moves every two seconds by one: half of the time.
    const std::int64_t total_us = round / 20 * 1'000'000;
    proc.write("pressure/cpu", "some avg10=0 total=" + std::to_string(total_us) + "\n");
    const auto& host = sampler.sample(round * interval_ns).host;
    if (host.pressure_cpu_permille) told.push_back(*host.pressure_cpu_permille);
    EXPECT_FALSE(host.pressure_io_permille);
  }
  EXPECT_EQ(told, (std::vector<std::int64_t>{500, 500}));
}

TEST(HostSampler, APlausibleRowOfThisMachine) {
  HostSampler sampler;
  sampler.sample(monotonic_ns());
  bool saw_memory = false;
  std::int64_t cpu_before = 0;
  for (int round = 0; round < 6; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto& sample = sampler.sample(monotonic_ns());
    ASSERT_TRUE(sample.host.process_cpu_ns);
    EXPECT_GT(*sample.host.process_cpu_ns, cpu_before);
    cpu_before = *sample.host.process_cpu_ns;
    ASSERT_TRUE(sample.host.run_queue);
    EXPECT_GE(*sample.host.run_queue, 1);
    if (sample.host.rss_bytes) {
      saw_memory = true;
      EXPECT_GT(*sample.host.rss_bytes, 1 << 20);
      EXPECT_TRUE(sample.host.page_cache_bytes);
    }
    for (const auto& core : sample.cores) EXPECT_LE(core.busy_permille.value_or(0), 1000);
  }
  EXPECT_TRUE(saw_memory);
}

// Another process on a core of ours, which this one leaves idle. No child of this process' threads, for those count as
// ours: its parent ends at once.
TEST(HostSampler, ABusyNeighbourShows) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t neighbour = fork();
    if (neighbour == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(core, &one);
      sched_setaffinity(0, sizeof(one), &one);
      alarm(30);
      volatile unsigned long spin = 0;
      while (true) spin = spin + 1;
    }
    const ssize_t written = write(pipe_ends[1], &neighbour, sizeof(neighbour));
    _exit(written == sizeof(neighbour) ? 0 : 1);
  }
  ASSERT_GT(parent, 0);
  int status = 0;
  waitpid(parent, &status, 0);
  pid_t neighbour = 0;
  ASSERT_EQ(read(pipe_ends[0], &neighbour, sizeof(neighbour)), static_cast<ssize_t>(sizeof(neighbour)));
  close(pipe_ends[0]);
  close(pipe_ends[1]);

  HostSampler sampler("/proc", {core});
  sampler.sample(monotonic_ns());
  std::vector<std::int64_t> others;
  for (int round = 0; round < 10; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    others.push_back(sampler.sample(monotonic_ns()).host.others_on_our_cores_permille.value_or(0));
  }
  kill(neighbour, SIGKILL);
  EXPECT_GT(std::accumulate(others.begin(), others.end(), std::int64_t{0}) / 10, 500);
}

// As in a child of fork(), whose /proc/self is another.
TEST(HostSampler, ForgetsAndReadsAnew) {
  const MadeUpProc proc;
  proc.write("loadavg", "0 0 0 5/9 1\n");
  HostSampler sampler(proc.path(), {0});
  EXPECT_EQ(sampler.sample(interval_ns).host.run_queue, 5);
  fs::remove(proc.path() + "/loadavg");
  proc.write("loadavg", "0 0 0 6/9 1\n");
  EXPECT_EQ(sampler.sample(2 * interval_ns).host.run_queue, 5);  // the file that was opened
  sampler.forget();
  EXPECT_EQ(sampler.sample(3 * interval_ns).host.run_queue, 6);
}

}  // namespace
}  // namespace foldperf::collectors

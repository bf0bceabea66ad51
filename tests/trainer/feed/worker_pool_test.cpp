#include "trainer/feed/worker_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "tests/support/errors.hpp"

namespace foldperf::trainer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Queue = ReadyQueue<std::int64_t>;

std::shared_ptr<Queue> endless_queue() {
  QueueOptions options;
  options.capacity = 8;
  return std::make_shared<Queue>(options);
}

// A nice value above this process's, where there is one: 19 is the largest.
int nicer_by(int steps) { return std::min(19, getpriority(PRIO_PROCESS, 0) + steps); }

TEST(WorkerPool, StopsInTheMiddleAndAtDestruction) {
  const auto queue = endless_queue();
  {
    WorkerPool pool(WorkerOptions{.number = 3, .nice = {}, .cpus = {}, .name = "feed", .at_thread_start = {}}, queue,
                    [](std::int64_t ticket) {
                      std::this_thread::sleep_for(milliseconds(1));
                      return ticket;
                    });
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(queue->next());
  }  // samples are left
  EXPECT_FALSE(queue->next());
  EXPECT_EQ(queue.use_count(), 1);
}

TEST(WorkerPool, LetsGoOfAWorkerThatHangs) {
  std::promise<void> answer;  // of a file system, one day
  std::weak_ptr<int> touched;
  std::weak_ptr<Queue> queue_left;
  {
    auto queue = endless_queue();
    queue_left = queue;
    auto owned = std::make_shared<int>(0);
    touched = owned;
    WorkerOptions options;
    options.number = 3;
    const auto hang = std::make_shared<std::shared_future<void>>(answer.get_future().share());
    WorkerPool pool(options, queue, [owned = std::move(owned), hang](std::int64_t ticket) {
      if (ticket == 5) {
        const std::shared_future<void> file = *hang;
        file.wait();
        *owned = 1;
      }
      return ticket;
    });
    for (std::int64_t i = 0; i < 5; ++i) EXPECT_TRUE(queue->next());
    while (queue->statistics().preparing == 0) std::this_thread::yield();  // ticket 5
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(pool.stop(milliseconds(100)), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
    EXPECT_EQ(pool.stop(), 1);
  }
  // All is gone but what the worker holds, which comes back and frees it.
  EXPECT_FALSE(touched.expired());
  EXPECT_FALSE(queue_left.expired());
  answer.set_value();
  const auto limit = std::chrono::steady_clock::now() + seconds(5);
  while (!(touched.expired() && queue_left.expired()) && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(touched.expired());
  EXPECT_TRUE(queue_left.expired());
}

TEST(WorkerPool, HangingWorkersHoldUpDestructionForAMomentOnly) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);  // read() of an empty pipe hangs as a file system does
  const auto start = std::chrono::steady_clock::now();
  const auto done = std::make_shared<std::atomic<int>>(0);
  {
    const auto queue = endless_queue();
    WorkerOptions options;
    options.number = 2;
    WorkerPool pool(options, queue, [file = ends[0], done](std::int64_t ticket) {
      char byte = 0;
      EXPECT_EQ(read(file, &byte, 1), 1);
      ++*done;
      return ticket;
    });
    while (queue->statistics().preparing < 2) std::this_thread::yield();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
  EXPECT_EQ(*done, 0);
  ASSERT_EQ(write(ends[1], "ab", 2), 2);
  while (done.use_count() > 1) std::this_thread::yield();
  EXPECT_EQ(*done, 2);
  close(ends[0]);
  close(ends[1]);
}

TEST(WorkerPool, ThreadsGetNameNiceValueAndCpus) {
  const CpuList allowed = allowed_cpus();
  WorkerOptions options;
  options.number = 2;
  const int nice = getpriority(PRIO_PROCESS, 0);
  options.nice = nicer_by(1);
  options.cpus = CpuList{allowed.back()};
  options.name = "a-name-that-is-too-long";
  std::atomic<int> started{0};
  options.at_thread_start = [&] { ++started; };
  struct Facts {
    std::string name;
    int nice = 0;
    CpuList cpus;
  };
  QueueOptions queue_options;
  queue_options.tickets = 4;
  const auto queue = std::make_shared<ReadyQueue<Facts>>(queue_options);
  WorkerPool pool(options, queue, [](std::int64_t) {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    return Facts{name.data(), getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))), allowed_cpus()};
  });
  EXPECT_EQ(started, 2);
  while (auto sample = queue->next()) {
    const Facts facts = sample->take();
    EXPECT_THAT(facts.name, ::testing::AnyOf("a-name-that-i-0", "a-name-that-i-1"));
    EXPECT_EQ(facts.nice, *options.nice);
    EXPECT_EQ(facts.cpus, *options.cpus);
  }
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);  // the process has its own still
  EXPECT_EQ(allowed_cpus(), allowed);
}

// What the kernel says of a thread of this process, as top -H shows it (proc(5), /proc/pid/stat).
struct ThreadFacts {
  int id = 0;
  std::string name;
  long nice = 0;
  CpuList cpus;
};

std::vector<ThreadFacts> threads_of_this_process() {
  std::vector<ThreadFacts> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;  // ended meanwhile
    ThreadFacts facts;
    facts.id = std::stoi(entry.path().filename());
    const std::size_t open = line.find('('), close = line.rfind(')');
    facts.name = line.substr(open + 1, close - open - 1);
    std::istringstream fields(line.substr(close + 1));
    std::string field;
    for (int number = 3; number < 19; ++number) fields >> field;
    fields >> facts.nice;
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (sched_getaffinity(facts.id, sizeof mask, &mask) != 0) continue;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) facts.cpus.push_back(cpu);
    }
    threads.push_back(facts);
  }
  return threads;
}

TEST(WorkerPool, TheKernelHasItsThreadsAsTheSettingsSay) {
  const CpuList allowed = allowed_cpus();
  if (allowed.back() >= CPU_SETSIZE) GTEST_SKIP() << "this test knows CPUs up to " << CPU_SETSIZE;
  const int nice = getpriority(PRIO_PROCESS, 0);
  WorkerOptions options;
  options.number = 3;
  options.nice = nicer_by(5);
  options.cpus = CpuList{allowed.front()};
  options.name = "bound";
  const WorkerPool bound(options, endless_queue(), [](std::int64_t ticket) { return ticket; });
  WorkerOptions without;
  without.number = 2;
  without.name = "free";
  const WorkerPool free(without, endless_queue(), [](std::int64_t ticket) { return ticket; });

  std::multiset<std::string> names;
  for (const ThreadFacts& facts : threads_of_this_process()) {
    const bool is_bound = facts.name.rfind("bound-", 0) == 0, is_free = facts.name.rfind("free-", 0) == 0;
    if (!is_bound && !is_free && facts.id != getpid()) continue;  // of a test before, at its very end
    names.insert(facts.id == getpid() ? "main" : facts.name);
    EXPECT_EQ(facts.nice, is_bound ? *options.nice : nice) << facts.name;
    EXPECT_EQ(facts.cpus, is_bound ? *options.cpus : allowed) << facts.name;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("bound-0", "bound-1", "bound-2", "free-0", "free-1", "main"));
}

TEST(WorkerPool, SaysWhichSettingTheMachineRefuses) {
  const auto make = [](const WorkerOptions& options) {
    WorkerPool pool(options, endless_queue(), [](std::int64_t ticket) { return ticket; });
  };
  WorkerOptions elsewhere;
  elsewhere.cpus = CpuList{max_cpu_number};
  EXPECT_THAT(testing::message_of<Error>([&] { make(elsewhere); }), HasSubstr("to CPUs 65535"));
  WorkerOptions failing;
  failing.number = 3;
  failing.at_thread_start = [] { throw Error("no library"); };
  EXPECT_EQ(testing::message_of<Error>([&] { make(failing); }), "no library");
  WorkerOptions negative;
  negative.number = -1;
  EXPECT_THROW(make(negative), UsageError);
}

TEST(WorkerPool, MayHaveNoWorkers) {
  WorkerOptions options;
  options.number = 0;
  const auto queue = endless_queue();
  WorkerPool pool(options, queue, [](std::int64_t ticket) { return ticket; });
  EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace foldperf::trainer

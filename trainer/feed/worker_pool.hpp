// The threads that prepare samples, and their end.
//
// A worker may hang in a call into a file system that does not answer, where no thread can be ended. stop() therefore
// waits for a moment and then lets go of the workers that hang: they are detached, and whatever they touch when they
// come back (queue, preparation function, all that it captured) is theirs as well and freed by the last of them. So
// the preparation function must own what it uses: capture shared pointers, not references.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "trainer/feed/cpu_set.hpp"
#include "trainer/feed/ready_queue.hpp"

namespace foldperf::trainer {

struct WorkerOptions {
  std::int64_t number = 1;
  // Of the threads, not of the process (Linux). Empty: as the process has it. A value below the process's needs a
  // privilege.
  std::optional<int> nice;
  std::optional<CpuList> cpus;            // see resolve_cpus; empty: wherever the process may run
  std::string name = "feed";              // as top -H shows it, with the worker's number; cut to 15 characters
  std::function<void()> at_thread_start;  // in every worker before its first sample, e.g. to cap a library's threads
};

inline constexpr std::chrono::milliseconds default_stop_patience{1000};

class WorkerPool {
 public:
  // Workers call `turn` until it returns false; `wake` must make it do so soon, and is called once, by stop(). Neither
  // may throw. Throws SystemError where the machine refuses a thread, nice value or CPU, and what at_thread_start
  // threw; no worker has called `turn` then.
  WorkerPool(const WorkerOptions& options, std::function<bool()> turn, std::function<void()> wake);

  // Workers that fill `queue` with prepare(ticket), a T each. stop() stops the queue too.
  template <class T, class Prepare>
  WorkerPool(const WorkerOptions& options, const std::shared_ptr<ReadyQueue<T>>& queue, Prepare prepare)
      : WorkerPool(
            options, [queue, prepare = std::make_shared<Prepare>(std::move(prepare))] { return queue->work(*prepare); },
            [queue] { queue->stop(); }) {}

  ~WorkerPool();  // stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Ends the workers after the sample each of them is at, waiting for `patience` at most. Returns how many hang and
  // were let go. A second call does nothing, and returns the same number.
  std::int64_t stop(std::chrono::milliseconds patience = default_stop_patience);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared, std::size_t worker);

  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
  std::function<void()> wake_;
  std::int64_t detached_ = 0;
};

}  // namespace foldperf::trainer

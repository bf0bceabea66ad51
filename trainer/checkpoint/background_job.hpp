// One job at a time on a thread of its own.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace foldperf::trainer {

// One thread calls the functions. The thread of the jobs starts with the first of them.
class BackgroundJob {
 public:
  BackgroundJob() = default;
  // Waits for the job; what it threw is lost.
  ~BackgroundJob();
  BackgroundJob(const BackgroundJob&) = delete;
  BackgroundJob& operator=(const BackgroundJob&) = delete;

  [[nodiscard]] bool is_busy() const;
  // Waits for the job before. Its error, if it had one that was not taken, is lost.
  void start(std::function<void()> job);
  void wait();
  // What the last job that ended has thrown, once; null where it went well or goes on.
  std::exception_ptr take_error();

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> job_;  // empty: none
  std::exception_ptr error_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace foldperf::trainer

#include "trainer/checkpoint/background_job.hpp"

#include <utility>

namespace foldperf::trainer {

BackgroundJob::~BackgroundJob() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !job_; });
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool BackgroundJob::is_busy() const {
  const std::lock_guard lock(mutex_);
  return static_cast<bool>(job_);
}

void BackgroundJob::start(std::function<void()> job) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !job_; });
    error_ = nullptr;
    job_ = std::move(job);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void BackgroundJob::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !job_; });
}

std::exception_ptr BackgroundJob::take_error() {
  const std::lock_guard lock(mutex_);
  return job_ ? nullptr : std::exchange(error_, nullptr);
}

void BackgroundJob::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return job_ || is_ending_; });
    if (!job_) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      job_();  // nobody else touches it while it is set
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = std::move(error);
    job_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace foldperf::trainer

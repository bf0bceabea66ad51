#include "trainer/feed/worker_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>

#include "core/error.hpp"

namespace foldperf::trainer {

// Owned by the pool and by every worker.
struct WorkerPool::Shared {
  enum class Start { waiting, go, cancelled };

  WorkerOptions options;
  std::function<bool()> turn;

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t set_up = 0;           // workers that are done with their settings, well or badly
  std::exception_ptr set_up_error;  // the first one's
  Start start = Start::waiting;
  std::vector<bool> ended;
  std::size_t ended_count = 0;
};

namespace {

void set_up_this_thread(const WorkerOptions& options, std::size_t worker) {
  const std::string number = "-" + std::to_string(worker);
  const std::size_t longest = 15;  // Linux refuses longer names
  const std::string name = options.name.substr(0, longest - std::min(longest, number.size())) + number;
  pthread_setname_np(pthread_self(), name.c_str());  // a missing name harms nobody
  if (options.nice) {
    // On Linux a nice value belongs to a thread: setpriority(2), "C library/kernel differences".
    const auto thread = static_cast<id_t>(syscall(SYS_gettid));
    if (setpriority(PRIO_PROCESS, thread, *options.nice) != 0) {
      const std::string reason = std::error_code(errno, std::generic_category()).message();
      throw SystemError("cannot give worker threads the nice value " + std::to_string(*options.nice) + ": " + reason +
                        "; a value below the process's own needs a privilege, so choose a larger one");
    }
  }
  if (options.cpus) bind_this_thread(*options.cpus);
  if (options.at_thread_start) options.at_thread_start();
}

}  // namespace

void WorkerPool::run(const std::shared_ptr<Shared>& shared, std::size_t worker) {
  std::exception_ptr error;
  try {
    set_up_this_thread(shared->options, worker);
  } catch (...) {
    error = std::current_exception();
  }
  bool go = false;
  {
    std::unique_lock lock(shared->mutex);
    if (error && !shared->set_up_error) shared->set_up_error = std::move(error);
    error = nullptr;
    ++shared->set_up;
    shared->changed.notify_all();
    shared->changed.wait(lock, [&] { return shared->start != Shared::Start::waiting; });
    go = shared->start == Shared::Start::go;
  }
  while (go && shared->turn()) {
  }
  const std::lock_guard lock(shared->mutex);
  shared->ended[worker] = true;
  ++shared->ended_count;
  shared->changed.notify_all();
}

WorkerPool::WorkerPool(const WorkerOptions& options, std::function<bool()> turn, std::function<void()> wake)
    : shared_(std::make_shared<Shared>()), wake_(std::move(wake)) {
  if (options.number < 0) throw UsageError("there cannot be " + std::to_string(options.number) + " worker threads");
  const auto number = static_cast<std::size_t>(options.number);
  shared_->options = options;
  shared_->turn = std::move(turn);
  shared_->ended.resize(number);
  std::exception_ptr error;
  try {
    threads_.reserve(number);
    for (std::size_t i = 0; i < number; ++i) threads_.emplace_back([shared = shared_, i] { run(shared, i); });
  } catch (const std::system_error& refused) {
    error = std::make_exception_ptr(SystemError("cannot start worker thread " + std::to_string(threads_.size() + 1) +
                                                " of " + std::to_string(number) + ": " + refused.what() +
                                                "; choose fewer, or raise ulimit -u"));
  }
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait(lock, [&] { return shared_->set_up == threads_.size(); });
    if (!error) error = std::exchange(shared_->set_up_error, nullptr);
    shared_->start = error ? Shared::Start::cancelled : Shared::Start::go;
  }
  shared_->changed.notify_all();
  if (!error) return;
  for (std::thread& thread : threads_) thread.join();
  std::rethrow_exception(error);
}

WorkerPool::~WorkerPool() { stop(); }

std::int64_t WorkerPool::stop(std::chrono::milliseconds patience) {
  if (wake_) {
    wake_();
    wake_ = nullptr;
  }
  if (threads_.empty()) return detached_;
  std::vector<bool> ended;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, patience, [&] { return shared_->ended_count == threads_.size(); });
    ended = shared_->ended;
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (ended[i]) {
      threads_[i].join();  // it has only to return
    } else {
      threads_[i].detach();
      ++detached_;
    }
  }
  threads_.clear();
  shared_.reset();
  return detached_;
}

}  // namespace foldperf::trainer

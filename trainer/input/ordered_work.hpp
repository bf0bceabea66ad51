// Work by several threads whose results are used in order by one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace foldperf::trainer {

// Calls make(0), make(1), ... make(count - 1) on `threads` threads and use(result) for each in that order on the
// calling one. No more than two results a thread wait to be used. The first exception, in order, of `make`, or one of
// `use`, ends the work and is thrown when all threads have come to an end.
template <typename Result>
void work_in_order(std::size_t count, std::size_t threads, const std::function<Result(std::size_t)>& make,
                   const std::function<void(Result)>& use) {
  using Outcome = std::variant<Result, std::exception_ptr>;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::size_t, Outcome> finished;
  std::size_t next = 0;  // to be made
  std::size_t used = 0;
  bool is_stopped = false;
  const std::size_t window = 2 * threads;

  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return is_stopped || next == count || next < used + window; });
      if (is_stopped || next == count) return;
      const std::size_t index = next++;
      lock.unlock();
      const auto outcome = [&]() -> Outcome {
        try {
          return make(index);
        } catch (...) {
          return std::current_exception();
        }
      };
      Outcome result = outcome();
      lock.lock();
      finished.emplace(index, std::move(result));
      changed.notify_all();
    }
  };

  std::vector<std::thread> workers;
  const auto join = [&] {
    {
      const std::scoped_lock lock(mutex);
      is_stopped = true;
    }
    changed.notify_all();
    for (std::thread& worker : workers) worker.join();
  };
  try {
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back(work);
    for (std::size_t i = 0; i < count; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return finished.contains(i); });
      Outcome outcome = std::move(finished.extract(i).mapped());
      used = i + 1;
      lock.unlock();
      changed.notify_all();
      if (outcome.index() == 1) std::rethrow_exception(std::get<1>(outcome));
      use(std::move(std::get<0>(outcome)));
    }
  } catch (...) {
    join();
    throw;
  }
  join();
}

}  // namespace foldperf::trainer

// Samples on their way from the threads that prepare them to the one that trains on them.
//
// Samples are numbered by tickets 0, 1, 2, ... Worker threads call work(), which claims the lowest ticket not yet
// claimed, prepares it and lays it down here; the consumer's next() takes the lowest ticket that is ready. So a sample
// that takes long is overtaken by those behind it and blocks nobody, until it has been overtaken as often as the bound
// allows: then next() waits for it. Nothing is left out: every ticket is handed out exactly once. How far the order
// drifts is measured (queue_statistics.hpp). With expected costs, quick samples may also be claimed before long ones
// (ticket_order.hpp).
//
// Thread safety: all functions may be called from any thread; one consumer calls next(). Keep the queue in a
// std::shared_ptr that the workers share (worker_pool.hpp does), because a worker may outlive its pool.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "trainer/feed/queue_options.hpp"
#include "trainer/feed/queue_statistics.hpp"
#include "trainer/feed/ticket_order.hpp"

namespace foldperf::trainer {

// A sample as it is handed out.
template <class T>
struct QueuedSample {
  std::int64_t ticket = 0;
  std::int64_t place = 0;
  std::int64_t cost_class = 0;
  std::int64_t prepare_ns = 0;     // what its preparation took
  std::int64_t queue_wait_ns = 0;  // what the consumer waited for it in next()
  QueueProgress progress;          // the queue's, with this sample: for a checkpoint that is made after it
  std::optional<T> value;          // empty where its preparation threw
  std::exception_ptr error;

  [[nodiscard]] std::int64_t drift() const { return place - ticket; }
  // The value; throws what the preparation threw.
  [[nodiscard]] T take() {
    if (error) std::rethrow_exception(error);
    return std::move(value).value();
  }
};

template <class T>
class ReadyQueue {
 public:
  // Throws UsageError where capacity or max_drift make no sense.
  explicit ReadyQueue(QueueOptions options) : cost_class_(options.cost_class), order_(std::move(options)) {
    statistics_.bound = order_.bound();
  }
  ReadyQueue(const ReadyQueue&) = delete;
  ReadyQueue& operator=(const ReadyQueue&) = delete;

  // One piece of a worker's work: waits for room, claims a ticket, calls prepare(ticket) and lays down the T it
  // returns, or what it throws. False, without having prepared anything, after the last ticket and after stop().
  // A trainer without worker threads calls this itself before each next().
  template <class Prepare>
  bool work(Prepare&& prepare) {
    const std::optional<std::int64_t> ticket = claim();
    if (!ticket) return false;
    Slot slot;
    const auto start = Clock::now();
    // The catch block ends before the sample is laid down: from there on only the consumer holds the exception.
    try {
      if (cost_class_) slot.cost_class = cost_class_(*ticket);
      slot.value.emplace(prepare(*ticket));
    } catch (...) {
      slot.error = std::current_exception();
    }
    slot.prepare_ns = nanoseconds(Clock::now() - start);
    lay_down(*ticket, std::move(slot));
    return true;
  }

  // The next sample, with the error in place of the value where its preparation failed (QueuedSample::take throws it);
  // empty after the last ticket and after stop().
  std::optional<QueuedSample<T>> next() {
    const auto start = Clock::now();
    QueuedSample<T> sample;
    {
      std::unique_lock lock(mutex_);
      if (!first_call_) first_call_ = start;
      order_.begin_waiting(start);
      if (!is_over() && order_.ready() > 0 && !order_.may_hand_out()) ++statistics_.held_back;
      laid_down_.wait(lock, [&] { return is_over() || order_.may_hand_out(); });
      if (is_over()) return std::nullopt;
      const auto end = Clock::now();
      sample.place = order_.place();
      sample.ticket = order_.hand_out(end);
      sample.progress = order_.progress();
      auto taken = ready_.extract(sample.ticket);
      Slot& slot = taken.mapped();
      sample.cost_class = slot.cost_class;
      sample.prepare_ns = slot.prepare_ns;
      sample.value = std::move(slot.value);
      sample.error = std::move(slot.error);
      sample.queue_wait_ns = nanoseconds(end - start);
      statistics_.elapsed_ns = nanoseconds(end - *first_call_);
      count(statistics_.all, sample);
      count(statistics_.by_class[sample.cost_class], sample);
    }
    room_.notify_one();
    return sample;
  }

  // Drops the samples that are ready and ends waiting in work() and next(), now and later. A preparation that is
  // going on goes on, and its sample is dropped.
  void stop() {
    std::map<std::int64_t, Slot> dropped;  // freed without the lock: samples are large
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(ready_);
    }
    room_.notify_all();
    laid_down_.notify_all();
  }

  [[nodiscard]] QueueStatistics statistics() const {
    const std::lock_guard lock(mutex_);
    QueueStatistics statistics = statistics_;
    statistics.ready = static_cast<std::int64_t>(ready_.size());  // none after stop()
    statistics.preparing = order_.preparing();
    return statistics;
  }

  [[nodiscard]] QueueProgress progress() const {
    const std::lock_guard lock(mutex_);
    return order_.progress();
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Slot {
    std::int64_t cost_class = 0;
    std::int64_t prepare_ns = 0;
    std::optional<T> value;
    std::exception_ptr error;
  };

  static std::int64_t nanoseconds(Clock::duration duration) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  }

  static void count(DriftStatistics& statistics, const QueuedSample<T>& sample) {
    ++statistics.samples;
    if (sample.error) ++statistics.errors;
    statistics.drift_sum += sample.drift();
    statistics.moved_sum += std::abs(sample.drift());
    statistics.latest = std::max(statistics.latest, sample.drift());
    statistics.earliest = std::min(statistics.earliest, sample.drift());
    statistics.prepare_ns += sample.prepare_ns;
    statistics.queue_wait_ns += sample.queue_wait_ns;
  }

  [[nodiscard]] bool is_over() const { return stopping_ || order_.is_all_handed_out(); }

  std::optional<std::int64_t> claim() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return stopping_ || order_.is_all_claimed() || order_.has_room(); });
    if (!stopping_ && !order_.is_all_claimed()) return order_.claim(Clock::now());
    lock.unlock();
    room_.notify_all();  // a place's one notice came here, and others may wait for it to learn the same
    return std::nullopt;
  }

  void lay_down(std::int64_t ticket, Slot slot) {
    {
      const std::lock_guard lock(mutex_);
      const std::int64_t took_ns = slot.prepare_ns;
      const bool failed = slot.error != nullptr;
      if (!stopping_) ready_.emplace(ticket, std::move(slot));
      order_.lay_down(ticket, took_ns, failed);
    }
    laid_down_.notify_one();
  }

  const std::function<std::int64_t(std::int64_t)> cost_class_;
  mutable std::mutex mutex_;
  std::condition_variable room_;       // a sample was handed out
  std::condition_variable laid_down_;  // a sample is ready
  TicketOrder order_;
  std::map<std::int64_t, Slot> ready_;
  bool stopping_ = false;
  std::optional<Clock::time_point> first_call_;  // of next()
  QueueStatistics statistics_;
};

}  // namespace foldperf::trainer

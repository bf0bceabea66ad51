// Samples on their way from the threads that prepare them to the one that trains on them.
//
// Samples are numbered by tickets 0, 1, 2, ... Worker threads call work(), which claims the lowest ticket not yet
// claimed, prepares it and lays it down here; the consumer's next() takes the lowest ticket that is ready. So a sample
// that takes long is overtaken by those behind it and blocks nobody, until it has been overtaken as often as the bound
// allows: then next() waits for it. Nothing is left out: every ticket is handed out exactly once. How far the order
// drifts is measured (queue_statistics.hpp).
//
// With expected costs the queue leaves a worker to quick samples: while all workers are at samples that will outlast
// those that are ready, the next quick one is claimed first, until a long one must start to keep the bound.
//
// Thread safety: all functions may be called from any thread; one consumer calls next(). Keep the queue in a
// std::shared_ptr that the workers share (worker_pool.hpp does), because a worker may outlive its pool.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "trainer/feed/expected_times.hpp"
#include "trainer/feed/queue_statistics.hpp"

namespace foldperf::trainer {

enum class Order {
  strict,       // exactly by ticket: the same for any number of workers
  ready_first,  // by ticket where that costs no waiting
};

// Which tickets have been handed out: what a checkpoint must hold to go on with exactly the others.
struct QueueProgress {
  std::int64_t next_turn = 0;       // all tickets below it were handed out
  std::vector<std::int64_t> ahead;  // and these above it, ascending; never any with Order::strict
};

struct QueueOptions {
  Order order = Order::ready_first;
  std::int64_t capacity = 64;           // samples prepared or in preparation, at most
  std::int64_t max_drift = 32;          // places before or after its turn, at most; Order::strict has 0
  std::optional<std::int64_t> tickets;  // how many there are; empty: without end
  QueueProgress done;                   // tickets not to be prepared again
  // The class under which a sample's drift is counted, e.g. its length in steps of 256 residues. Called on worker
  // threads, several at a time. Without it all samples are of class 0.
  std::function<std::int64_t(std::int64_t ticket)> cost_class;
  // What the preparation of a sample will cost, in any unit, in proportion (its length times its alignment's depth,
  // e.g.). Called under the queue's lock, once a ticket: it must be quick, and must not call the queue. Empty, or with
  // Order::strict: tickets are claimed in order.
  std::function<double(std::int64_t ticket)> expected_cost;
};

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
  explicit ReadyQueue(QueueOptions options) : options_(std::move(options)) {
    if (options_.capacity < 1) throw UsageError("the queue's capacity must be at least 1");
    if (options_.max_drift < 0) throw UsageError("the queue's max_drift must not be negative");
    if (options_.order == Order::strict) options_.max_drift = 0;
    if (options_.max_drift == 0) options_.expected_cost = nullptr;
    statistics_.bound = options_.max_drift;
    next_turn_ = next_claim_ = std::max<std::int64_t>(options_.done.next_turn, 0);
    for (const std::int64_t ticket : options_.done.ahead) {
      if (ticket >= next_turn_) done_ahead_.insert(ticket);
    }
    claim_skips_ = done_ahead_;
    place_ = next_turn_ + static_cast<std::int64_t>(done_ahead_.size());
    skip_done_turns();
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
      if (options_.cost_class) slot.cost_class = options_.cost_class(*ticket);
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
      if (handed_out_) times_.count_step(nanoseconds(start - *handed_out_));
      handed_out_.reset();
      if (!stopping_ && !is_past_end(next_turn_) && !ready_.empty() && !may_hand_out()) ++statistics_.held_back;
      laid_down_.wait(lock, [&] { return stopping_ || is_past_end(next_turn_) || may_hand_out(); });
      if (stopping_ || is_past_end(next_turn_)) return std::nullopt;
      auto first = ready_.extract(ready_.begin());
      Slot& slot = first.mapped();
      sample.ticket = first.key();
      sample.place = place_++;
      sample.cost_class = slot.cost_class;
      sample.prepare_ns = slot.prepare_ns;
      sample.value = std::move(slot.value);
      sample.error = std::move(slot.error);
      done_ahead_.insert(sample.ticket);
      skip_done_turns();
      sample.progress = {next_turn_, {done_ahead_.begin(), done_ahead_.end()}};
      handed_out_ = Clock::now();
      sample.queue_wait_ns = nanoseconds(*handed_out_ - start);
      statistics_.elapsed_ns = nanoseconds(*handed_out_ - *first_call_);
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
    statistics.ready = static_cast<std::int64_t>(ready_.size());
    statistics.preparing = static_cast<std::int64_t>(preparing_.size());
    return statistics;
  }

  [[nodiscard]] QueueProgress progress() const {
    const std::lock_guard lock(mutex_);
    return {next_turn_, {done_ahead_.begin(), done_ahead_.end()}};
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Slot {
    std::int64_t cost_class = 0;
    std::int64_t prepare_ns = 0;
    std::optional<T> value;
    std::exception_ptr error;
  };

  struct Preparation {
    double cost = 0;  // as expected
    Clock::time_point start;
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

  [[nodiscard]] bool is_past_end(std::int64_t ticket) const { return options_.tickets && ticket >= *options_.tickets; }

  // The bound cannot be broken later by keeping to it now: of two overdue samples the one with the lower ticket is due
  // at least a place earlier, and places are handed out one at a time.
  [[nodiscard]] bool may_hand_out() const {
    if (ready_.empty()) return false;
    const std::int64_t first = ready_.begin()->first;
    return first == next_turn_ || (place_ - next_turn_ < options_.max_drift && first - place_ <= options_.max_drift);
  }

  void skip_done_turns() {
    while (!done_ahead_.empty() && *done_ahead_.begin() == next_turn_) {
      done_ahead_.erase(done_ahead_.begin());
      ++next_turn_;
    }
  }

  [[nodiscard]] std::int64_t room() const {
    return options_.capacity - static_cast<std::int64_t>(ready_.size() + preparing_.size());
  }

  // Samples that are ready are what the consumer lives on while others are in preparation.
  [[nodiscard]] double stock_ns() const { return static_cast<double>(ready_.size() + 1) * times_.step_ns(); }

  [[nodiscard]] double expected_cost(std::int64_t ticket) {
    const auto [cost, is_new] = costs_.try_emplace(ticket, 0);
    // A cost that cannot be told is left to the preparation to complain of.
    try {
      if (is_new) cost->second = options_.expected_cost(ticket);
    } catch (...) {
    }
    return cost->second;
  }

  // Will be in preparation when what is ready now is used up.
  [[nodiscard]] bool is_long(std::int64_t ticket) { return times_.preparation_ns(expected_cost(ticket)) > stock_ns(); }

  // Must start now to be ready when the bound lets nobody overtake it any more.
  [[nodiscard]] bool is_due(std::int64_t ticket) {
    const auto places = static_cast<double>(ticket + options_.max_drift - place_);
    return times_.preparation_ns(expected_cost(ticket)) >= (places - 1) * times_.step_ns();
  }

  [[nodiscard]] bool is_quick_one_in_preparation() const {
    const auto now = Clock::now();
    return std::any_of(preparing_.begin(), preparing_.end(), [&](const auto& preparation) {
      const auto spent = static_cast<double>(nanoseconds(now - preparation.second.start));
      // One that takes longer than expected will go on for as long again, for all we know.
      return std::abs(times_.preparation_ns(preparation.second.cost) - spent) <= stock_ns();
    });
  }

  // Claims ahead leave room for all tickets before them, and end where there is none left, so the ticket whose turn it
  // is gets claimed whatever is expected of it: next() ends.
  std::int64_t choose_ticket() {
    if (!options_.expected_cost || !times_.known()) return next_claim_;
    if (!is_long(next_claim_) || is_due(next_claim_) || is_quick_one_in_preparation()) return next_claim_;
    std::int64_t ticket = next_claim_ + 1;
    for (std::int64_t unclaimed_before = 1; unclaimed_before < room() && !is_past_end(ticket); ++ticket) {
      if (claim_skips_.count(ticket) != 0) continue;
      if (!is_long(ticket) || is_due(ticket)) return ticket;
      ++unclaimed_before;
    }
    return next_claim_;
  }

  std::optional<std::int64_t> claim() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      while (claim_skips_.erase(next_claim_) != 0) ++next_claim_;
      return stopping_ || is_past_end(next_claim_) || room() > 0;
    });
    if (stopping_ || is_past_end(next_claim_)) {
      lock.unlock();
      room_.notify_all();  // a place's one notice came here, and others may wait for it to learn the same
      return std::nullopt;
    }
    const std::int64_t ticket = choose_ticket();
    Preparation& preparation = preparing_[ticket];
    if (options_.expected_cost) preparation = {expected_cost(ticket), Clock::now()};
    costs_.erase(ticket);
    if (ticket == next_claim_) {
      ++next_claim_;
    } else {
      claim_skips_.insert(ticket);
    }
    return ticket;
  }

  void lay_down(std::int64_t ticket, Slot slot) {
    {
      const std::lock_guard lock(mutex_);
      const auto preparation = preparing_.extract(ticket);
      if (stopping_) return;
      if (!slot.error) {
        times_.count_preparation(preparation.mapped().cost, static_cast<double>(slot.prepare_ns));
      }
      ready_.emplace(ticket, std::move(slot));
    }
    laid_down_.notify_one();
  }

  QueueOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable room_;       // a sample was handed out
  std::condition_variable laid_down_;  // a sample is ready
  std::map<std::int64_t, Slot> ready_;
  std::map<std::int64_t, Preparation> preparing_;  // by ticket
  std::int64_t next_claim_ = 0;                    // lowest ticket not claimed
  std::set<std::int64_t> claim_skips_;             // above it and claimed, or handed out before this queue was made
  std::map<std::int64_t, double> costs_;           // expected, of tickets that were looked at and not claimed
  std::int64_t place_ = 0;                         // of the next sample to be handed out
  std::int64_t next_turn_ = 0;                     // lowest ticket not handed out
  std::set<std::int64_t> done_ahead_;              // handed out and above it
  bool stopping_ = false;
  ExpectedTimes times_;
  std::optional<Clock::time_point> first_call_;  // of next()
  std::optional<Clock::time_point> handed_out_;  // when the consumer began its step
  QueueStatistics statistics_;
};

}  // namespace foldperf::trainer

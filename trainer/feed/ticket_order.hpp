// Which ticket of a queue is claimed next by a worker, and which is handed out next: all of the queue's thinking,
// without its samples, threads and clock.
//
// Tickets are handed out by the lowest number that is ready, each at most max_drift places before or after its turn.
// They are claimed in order, but where costs are expected: then a worker is left to quick samples. While all that are
// in preparation will outlast the samples that are ready, the next quick one is claimed first, until a long one must
// start to keep the bound.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "trainer/feed/expected_times.hpp"
#include "trainer/feed/queue_options.hpp"

namespace foldperf::trainer {

// Thread safety: none.
class TicketOrder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Throws UsageError where capacity or max_drift make no sense.
  explicit TicketOrder(QueueOptions options);

  // Of workers.
  [[nodiscard]] bool is_all_claimed() const { return is_past_end(next_claim_); }
  [[nodiscard]] bool has_room() const { return room() > 0; }
  // Asks for room, and a ticket that is not claimed.
  std::int64_t claim(Time now);
  // The claimed ticket is ready. `failed`: its time teaches nothing.
  void lay_down(std::int64_t ticket, std::int64_t took_ns, bool failed);

  // Of the consumer, whose step goes from hand_out() to the next begin_waiting().
  [[nodiscard]] bool is_all_handed_out() const { return is_past_end(next_turn_); }
  void begin_waiting(Time now);
  [[nodiscard]] bool may_hand_out() const;
  // The ticket handed out; asks for may_hand_out().
  std::int64_t hand_out(Time now);

  [[nodiscard]] std::int64_t place() const { return place_; }  // of the next to be handed out
  [[nodiscard]] std::int64_t bound() const { return options_.max_drift; }
  [[nodiscard]] std::int64_t ready() const { return static_cast<std::int64_t>(ready_.size()); }
  [[nodiscard]] std::int64_t preparing() const { return static_cast<std::int64_t>(preparing_.size()); }
  [[nodiscard]] QueueProgress progress() const { return {next_turn_, {done_ahead_.begin(), done_ahead_.end()}}; }

 private:
  struct Preparation {
    double cost = 0;  // as expected
    Time start;
  };

  [[nodiscard]] bool is_past_end(std::int64_t ticket) const { return options_.tickets && ticket >= *options_.tickets; }
  [[nodiscard]] std::int64_t room() const { return options_.capacity - ready() - preparing(); }
  void skip_done_turns();
  void skip_claimed();
  [[nodiscard]] std::int64_t choose(Time now);
  [[nodiscard]] double stock_ns() const;
  [[nodiscard]] double expected_cost(std::int64_t ticket);
  [[nodiscard]] bool is_long(std::int64_t ticket);
  [[nodiscard]] bool is_due(std::int64_t ticket);
  [[nodiscard]] bool is_quick_one_in_preparation(Time now) const;

  QueueOptions options_;
  std::map<std::int64_t, Preparation> preparing_;  // by ticket
  std::set<std::int64_t> ready_;
  std::int64_t next_claim_ = 0;           // lowest ticket not claimed
  std::set<std::int64_t> claimed_ahead_;  // above it and claimed, or handed out before this queue was made
  std::map<std::int64_t, double> costs_;  // expected, of tickets that were looked at and not claimed
  std::int64_t place_ = 0;
  std::int64_t next_turn_ = 0;         // lowest ticket not handed out
  std::set<std::int64_t> done_ahead_;  // above it and handed out
  ExpectedTimes times_;
  std::optional<Time> step_began_;
};

}  // namespace foldperf::trainer

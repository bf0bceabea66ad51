#include "trainer/feed/ticket_order.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

double nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

}  // namespace

TicketOrder::TicketOrder(QueueOptions options) : options_(std::move(options)) {
  if (options_.capacity < 1) throw UsageError("the queue's capacity must be at least 1");
  if (options_.max_drift < 0) throw UsageError("the queue's max_drift must not be negative");
  if (options_.order == Order::strict) options_.max_drift = 0;
  if (options_.max_drift == 0) options_.expected_cost = nullptr;
  next_turn_ = next_claim_ = std::max<std::int64_t>(options_.done.next_turn, 0);
  for (const std::int64_t ticket : options_.done.ahead) {
    if (ticket >= next_turn_) done_ahead_.insert(ticket);
  }
  claimed_ahead_ = done_ahead_;
  place_ = next_turn_ + static_cast<std::int64_t>(done_ahead_.size());
  skip_done_turns();
  skip_claimed();
}

void TicketOrder::skip_done_turns() {
  while (done_ahead_.erase(next_turn_) != 0) ++next_turn_;
}

void TicketOrder::skip_claimed() {
  while (claimed_ahead_.erase(next_claim_) != 0) ++next_claim_;
}

std::int64_t TicketOrder::claim(Time now) {
  const std::int64_t ticket = choose(now);
  Preparation& preparation = preparing_[ticket];
  if (options_.expected_cost) preparation = {expected_cost(ticket), now};
  costs_.erase(ticket);
  claimed_ahead_.insert(ticket);
  skip_claimed();
  return ticket;
}

void TicketOrder::lay_down(std::int64_t ticket, std::int64_t took_ns, bool failed) {
  const auto preparation = preparing_.extract(ticket);
  if (!failed) times_.count_preparation(preparation.mapped().cost, static_cast<double>(took_ns));
  ready_.insert(ticket);
}

void TicketOrder::begin_waiting(Time now) {
  if (step_began_) times_.count_step(nanoseconds(now - *step_began_));
  step_began_.reset();
}

// The bound cannot be broken later by keeping to it now: of two overdue samples the one with the lower ticket is due
// at least a place earlier, and places are handed out one at a time.
bool TicketOrder::may_hand_out() const {
  if (ready_.empty()) return false;
  const std::int64_t first = *ready_.begin();
  return first == next_turn_ || (place_ - next_turn_ < options_.max_drift && first - place_ <= options_.max_drift);
}

std::int64_t TicketOrder::hand_out(Time now) {
  const std::int64_t ticket = ready_.extract(ready_.begin()).value();
  ++place_;
  done_ahead_.insert(ticket);
  skip_done_turns();
  step_began_ = now;
  return ticket;
}

// Claims ahead leave room for all tickets before them, and end where there is none left, so the ticket whose turn it is
// gets claimed whatever is expected of it: the consumer's waiting ends.
std::int64_t TicketOrder::choose(Time now) {
  if (!options_.expected_cost || !times_.known()) return next_claim_;
  if (!is_long(next_claim_) || is_due(next_claim_) || is_quick_one_in_preparation(now)) return next_claim_;
  std::int64_t ticket = next_claim_ + 1;
  for (std::int64_t unclaimed_before = 1; unclaimed_before < room() && !is_past_end(ticket); ++ticket) {
    if (claimed_ahead_.count(ticket) != 0) continue;
    if (!is_long(ticket) || is_due(ticket)) return ticket;
    ++unclaimed_before;
  }
  return next_claim_;
}

// What the consumer lives on while others are in preparation.
double TicketOrder::stock_ns() const { return static_cast<double>(ready() + 1) * times_.step_ns(); }

double TicketOrder::expected_cost(std::int64_t ticket) {
  const auto [cost, is_new] = costs_.try_emplace(ticket, 0);
  // A cost that cannot be told is left to the preparation to complain of.
  try {
    if (is_new) cost->second = options_.expected_cost(ticket);
  } catch (...) {
  }
  return cost->second;
}

// Will be in preparation when what is ready now is used up.
bool TicketOrder::is_long(std::int64_t ticket) { return times_.preparation_ns(expected_cost(ticket)) > stock_ns(); }

// Must start now to be ready when the bound lets nobody overtake it any more.
bool TicketOrder::is_due(std::int64_t ticket) {
  const auto places = static_cast<double>(ticket + options_.max_drift - place_);
  return times_.preparation_ns(expected_cost(ticket)) >= (places - 1) * times_.step_ns();
}

bool TicketOrder::is_quick_one_in_preparation(Time now) const {
  return std::any_of(preparing_.begin(), preparing_.end(), [&](const auto& preparation) {
    // One that takes longer than expected will go on for as long again, for all we know.
    const double left =
        std::abs(times_.preparation_ns(preparation.second.cost) - nanoseconds(now - preparation.second.start));
    return left <= stock_ns();
  });
}

}  // namespace foldperf::trainer

// Makes records of events: joins each push with its pop and each start with its end.
//
// The consumer feeds it the events of every thread in that thread's order. Between threads no order is known: a range
// may be ended by another thread whose ring is read first, so such an end waits for its start until every ring was read
// again. A program may forget to end its ranges: of more than `most_started`, the oldest is recorded without end.
//
// Not thread-safe: the caller locks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collectors/buffer/event.hpp"
#include "collectors/session/thread_state.hpp"
#include "core/records/records.hpp"

namespace foldperf::collectors {

class RangeMatcher {
 public:
  // Start/end ranges that are open at once. Each takes memory, and a row at each commit of the file.
  static constexpr std::size_t most_started = std::size_t{1} << 15;

  using Emit = std::function<void(const records::NvtxRecord&)>;
  using OpenRange = collectors::OpenRange;
  using ThreadState = collectors::ThreadState;  // the caller keeps one a thread
  // An event of a CUDA graph, or a call. The node's number in the run, 0: none.
  using OnGraphEvent = std::function<std::int64_t(ThreadState&, const EventHeader&)>;

  // `start_ns`: the event time that becomes 0 in records.
  RangeMatcher(std::int64_t start_ns, Emit emit, OnGraphEvent on_graph_event = {})
      : start_ns_(start_ns), emit_(std::move(emit)), on_graph_event_(std::move(on_graph_event)) {}

  // `text`: the event's text, resolved where it is a registered string.
  void add(ThreadState& thread, const EventView& event, std::string_view text);

  // Every ring was read once more: ends that waited for two rounds have no start (it was dropped, or given up).
  void end_round();

  // The thread has ended: its open ranges are recorded without end.
  void abandon(ThreadState& thread);

  // The ranges that are open now, without end.
  static void for_each_open(const ThreadState& thread, const Emit& visit);
  void for_each_open_start_end(const Emit& visit) const;

  [[nodiscard]] std::uint64_t ends_without_start() const { return ends_without_start_; }

 private:
  struct WaitingEnd {
    std::int64_t time_ns = 0;
    std::int64_t global_tid = 0;
    std::uint64_t round = 0;
  };

  OpenRange make_range(const ThreadState& thread, const EventView& event, std::string_view text) const;
  void emit(OpenRange& range);
  void emit_waiting_fact(ThreadState& thread);

  std::int64_t start_ns_;
  Emit emit_;
  OnGraphEvent on_graph_event_;
  std::map<std::uint64_t, OpenRange> started_;  // by id: the first is the oldest
  std::unordered_map<std::uint64_t, WaitingEnd> waiting_ends_;
  std::uint64_t round_ = 0;
  std::uint64_t ends_without_start_ = 0;
};

// The typed payload of an event.
records::NvtxPayload decode_payload(const EventHeader& header);

}  // namespace foldperf::collectors

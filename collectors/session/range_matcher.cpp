#include "collectors/session/range_matcher.hpp"

#include <bit>
#include <utility>

namespace foldperf::collectors {
namespace {

records::NvtxEventType event_type(EventKind kind) {
  switch (kind) {
    case EventKind::mark:
      return records::NvtxEventType::mark;
    case EventKind::start:
      return records::NvtxEventType::start_end;
    default:
      return records::NvtxEventType::push_pop;
  }
}

// The views of a record that lies beside its strings.
records::NvtxRecord with_views(const RangeMatcher::OpenRange& range) {
  records::NvtxRecord record = range.record;
  record.text = range.text;
  record.binary = range.binary;
  return record;
}

// A mark that describes a kernel (core/facts). What only looks like one waits for no more than the thread's next event.
bool is_workload_fact(std::string_view text) {
  constexpr std::size_t looked_at = 64;  // "kind" is the first key of those who follow the convention
  return text.substr(0, looked_at).find("\"workload\"") != std::string_view::npos;
}

}  // namespace

records::NvtxPayload decode_payload(const EventHeader& header) {
  using Type = records::NvtxPayload::Type;
  const std::uint64_t bits = header.payload_bits;
  const auto low = static_cast<std::uint32_t>(bits);
  switch (header.payload_kind) {
    case PayloadKind::uint64:
      return {Type::uint64, static_cast<std::int64_t>(bits), 0};
    case PayloadKind::int64:
      return {Type::int64, static_cast<std::int64_t>(bits), 0};
    case PayloadKind::float64:
      return {Type::float64, 0, std::bit_cast<double>(bits)};
    case PayloadKind::uint32:
      return {Type::uint32, static_cast<std::int64_t>(low), 0};
    case PayloadKind::int32:
      return {Type::int32, static_cast<std::int32_t>(low), 0};
    case PayloadKind::float32:
      return {Type::float32, 0, static_cast<double>(std::bit_cast<float>(low))};
    case PayloadKind::none:
    case PayloadKind::binary:
      break;
  }
  return {};
}

RangeMatcher::OpenRange RangeMatcher::make_range(const ThreadState& thread, const EventView& event,
                                                 std::string_view text) const {
  const EventHeader& header = *event.header;
  OpenRange range;
  range.text = text;
  range.binary = event.binary;
  records::NvtxRecord& record = range.record;
  record.event_type = event_type(header.kind);
  record.start_ns = header.time_ns - start_ns_;
  if (header.kind == EventKind::start) record.range_id = static_cast<std::int64_t>(header.range_id);
  record.domain_id = header.domain;
  record.category = header.category;
  if (header.has_color != 0) record.color = header.color;
  record.global_tid_start = thread.global_tid;
  record.payload = decode_payload(header);
  return range;
}

void RangeMatcher::emit(OpenRange& range) { emit_(with_views(range)); }

void RangeMatcher::emit_waiting_fact(ThreadState& thread) {
  if (!thread.waiting_fact) return;
  emit(*thread.waiting_fact);
  thread.waiting_fact.reset();
}

void RangeMatcher::add(ThreadState& thread, const EventView& event, std::string_view text) {
  const EventHeader& header = *event.header;
  switch (header.kind) {
    case EventKind::call:
      if (on_graph_event_) on_graph_event_(thread, header);
      return;
    case EventKind::graph_node:
    case EventKind::graph_node_cloned:
    case EventKind::graph:
    case EventKind::graph_exec: {
      const std::int64_t node = on_graph_event_ ? on_graph_event_(thread, header) : 0;
      if (header.kind == EventKind::graph_node && node != 0 && thread.waiting_fact) {
        thread.waiting_fact->record.graph_node_id = node;
      }
      emit_waiting_fact(thread);
      return;
    }
    default:
      emit_waiting_fact(thread);
  }
  switch (header.kind) {
    case EventKind::mark: {
      OpenRange mark = make_range(thread, event, text);
      if (is_workload_fact(text)) {
        thread.waiting_fact = std::move(mark);
      } else {
        emit(mark);
      }
      return;
    }
    case EventKind::push:
      if (header.domain >= thread.open.size()) thread.open.resize(header.domain + 1);
      thread.open[header.domain].push_back(make_range(thread, event, text));
      ++thread.changes;
      return;
    case EventKind::pop: {
      // The producer writes a pop only for a push that it wrote.
      if (header.domain >= thread.open.size() || thread.open[header.domain].empty()) return;
      OpenRange& range = thread.open[header.domain].back();
      range.record.end_ns = header.time_ns - start_ns_;
      emit(range);
      thread.open[header.domain].pop_back();
      ++thread.changes;
      return;
    }
    case EventKind::start: {
      OpenRange range = make_range(thread, event, text);
      if (const auto end = waiting_ends_.find(header.range_id); end != waiting_ends_.end()) {
        range.record.end_ns = end->second.time_ns - start_ns_;
        range.record.global_tid_end = end->second.global_tid;
        waiting_ends_.erase(end);
        emit(range);
      } else {
        started_.emplace(header.range_id, std::move(range));
        if (started_.size() > most_started) {
          emit(started_.begin()->second);
          started_.erase(started_.begin());
        }
      }
      return;
    }
    case EventKind::end: {
      const auto start = started_.find(header.range_id);
      if (start == started_.end()) {
        waiting_ends_[header.range_id] = {header.time_ns, thread.global_tid, round_};
        return;
      }
      start->second.record.end_ns = header.time_ns - start_ns_;
      start->second.record.global_tid_end = thread.global_tid;
      emit(start->second);
      started_.erase(start);
      return;
    }
    default:
      return;
  }
}

void RangeMatcher::end_round() {
  ++round_;
  for (auto end = waiting_ends_.begin(); end != waiting_ends_.end();) {
    if (end->second.round + 2 <= round_) {
      ++ends_without_start_;
      end = waiting_ends_.erase(end);
    } else {
      ++end;
    }
  }
}

void RangeMatcher::abandon(ThreadState& thread) {
  emit_waiting_fact(thread);
  for_each_open(thread, emit_);
  thread.open.clear();
  ++thread.changes;
}

void RangeMatcher::for_each_open(const ThreadState& thread, const Emit& visit) {
  for (const auto& stack : thread.open) {
    for (const OpenRange& range : stack) visit(with_views(range));
  }
}

void RangeMatcher::for_each_open_start_end(const Emit& visit) const {
  for (const auto& [id, range] : started_) visit(with_views(range));
}

}  // namespace foldperf::collectors

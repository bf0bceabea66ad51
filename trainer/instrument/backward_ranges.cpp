#include "trainer/instrument/backward_ranges.hpp"

#include <ATen/SequenceNumber.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace foldperf::trainer {

namespace {

constexpr int no_parent = -1;

// The autograd nodes one module call made: numbers in [first, end).
struct Interval {
  std::uint64_t first;
  std::uint64_t end;
  Label label;
  int parent;  // index of the enclosing call
};

// Written by the thread that runs a forward; read by the one that runs its backward, which the engine starts after it.
struct ForwardLog {
  std::vector<Interval> intervals;  // ordered by `first`
  int open = no_parent;             // innermost call under way
};

struct ForwardLogs {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::unique_ptr<ForwardLog>> by_thread;

  ForwardLog* of(std::uint64_t thread) {
    const std::lock_guard lock(mutex);
    auto& log = by_thread[thread];
    if (!log) log = std::make_unique<ForwardLog>();
    return log.get();
  }
};

ForwardLogs& forward_logs() {
  static auto* const logs = new ForwardLogs;  // threads of the engine outlive static objects
  return *logs;
}

ForwardLog& own_log() {
  thread_local ForwardLog* const log = forward_logs().of(at::RecordFunction::currentThreadId());
  return *log;
}

ForwardLog& log_of(std::uint64_t thread) {
  thread_local std::uint64_t last_thread = std::numeric_limits<std::uint64_t>::max();
  thread_local ForwardLog* last = nullptr;
  if (thread != last_thread) {
    last = forward_logs().of(thread);
    last_thread = thread;
  }
  return *last;
}

struct OpenRange {
  const ForwardLog* log;
  int interval;
};

struct BackwardState {
  std::vector<OpenRange> open;
  std::size_t base = 0;  // ranges below belong to the node that runs a backward pass inside itself
  int depth = 0;         // nodes under way on this thread
  int graph_task = -1;   // outermost backward pass whose end will close what is open
};

BackwardState& state() {
  thread_local BackwardState instance;
  return instance;
}

void close_down_to(BackwardState& backward, std::size_t size) {
  while (backward.open.size() > size) {
    backward.open.pop_back();
    range_sink().pop();
  }
}

// The innermost interval that holds `number`, or no_parent.
int find_interval(const std::vector<Interval>& intervals, std::uint64_t number) {
  const auto after = std::upper_bound(intervals.begin(), intervals.end(), number,
                                      [](std::uint64_t n, const Interval& i) { return n < i.first; });
  int index = static_cast<int>(after - intervals.begin()) - 1;
  while (index != no_parent && number >= intervals[static_cast<std::size_t>(index)].end) {
    index = intervals[static_cast<std::size_t>(index)].parent;
  }
  return index;
}

// Makes the open ranges those of `interval` and its ancestors.
void open_interval(BackwardState& backward, const ForwardLog& log, int interval) {
  thread_local std::vector<int> wanted;  // innermost first
  wanted.clear();
  for (int i = interval; i != no_parent; i = log.intervals[static_cast<std::size_t>(i)].parent) wanted.push_back(i);
  std::size_t kept = backward.base;
  auto next = wanted.rbegin();
  while (kept < backward.open.size() && next != wanted.rend() && backward.open[kept].log == &log &&
         backward.open[kept].interval == *next) {
    ++kept;
    ++next;
  }
  close_down_to(backward, kept);
  for (; next != wanted.rend(); ++next) {
    backward.open.push_back({&log, *next});
    range_sink().push(facts::Category::module_backward, log.intervals[static_cast<std::size_t>(*next)].label,
                      std::nullopt);
  }
}

// What a node found when it started, restored when it ends.
struct NodeFrame : at::ObserverContext {
  std::size_t saved_base = 0;
  std::size_t log_size = 0;
};

std::unique_ptr<at::ObserverContext> start_node(const at::RecordFunction& node) {
  BackwardState& backward = state();
  if (backward.depth == 0) {
    const int task = torch::autograd::get_current_graph_task_id();
    if (task != backward.graph_task) {
      close_down_to(backward, 0);  // left by a backward pass that threw
      backward.base = 0;
      backward.graph_task = task;
      torch::autograd::Engine::get_default_engine().queue_callback([] { close_backward_ranges(); });
    }
  }
  // Nodes without a number (gradient accumulation into parameters) run wherever the engine is.
  if (node.seqNr() >= 0) {
    const ForwardLog& log = log_of(node.forwardThreadId());
    open_interval(backward, log, find_interval(log.intervals, static_cast<std::uint64_t>(node.seqNr())));
  }
  auto frame = std::make_unique<NodeFrame>();
  frame->saved_base = backward.base;
  frame->log_size = own_log().intervals.size();
  backward.base = backward.open.size();
  ++backward.depth;
  return frame;
}

void end_node(const at::RecordFunction&, at::ObserverContext* context) {
  if (!context) return;
  BackwardState& backward = state();
  if (backward.depth == 0) return;  // close_backward_ranges was called inside the node
  const auto& frame = static_cast<const NodeFrame&>(*context);
  close_down_to(backward, backward.base);
  backward.base = frame.saved_base;
  --backward.depth;
  ForwardLog& log = own_log();
  if (log.intervals.size() > frame.log_size) {
    log.intervals.erase(log.intervals.begin() + static_cast<std::ptrdiff_t>(frame.log_size), log.intervals.end());
  }
}

std::optional<at::CallbackHandle> callback_handle;

}  // namespace

void begin_forward_scope(const Label& label) {
  ForwardLog& log = own_log();
  log.intervals.push_back({at::sequence_number::peek(), std::numeric_limits<std::uint64_t>::max(), label, log.open});
  log.open = static_cast<int>(log.intervals.size()) - 1;
}

void end_forward_scope() {
  ForwardLog& log = own_log();
  if (log.open == no_parent) return;
  const auto index = static_cast<std::size_t>(log.open);
  Interval& interval = log.intervals[index];
  interval.end = at::sequence_number::peek();
  log.open = interval.parent;
  // Without gradients nothing was made: the call and those inside it need no memory.
  if (interval.end == interval.first) {
    log.intervals.erase(log.intervals.begin() + static_cast<std::ptrdiff_t>(index), log.intervals.end());
  }
}

void forget_forward_scopes() {
  ForwardLog& log = own_log();
  if (log.open == no_parent) log.intervals.clear();
}

std::size_t remembered_forward_scopes() { return own_log().intervals.size(); }

void close_backward_ranges() {
  BackwardState& backward = state();
  if (backward.depth != 0) return;  // the end of a pass inside a node: the node's own end closes its ranges
  close_down_to(backward, 0);
  backward.base = 0;
  backward.graph_task = -1;
}

void install_backward_callback() {
  callback_handle = at::addGlobalCallback(
      at::RecordFunctionCallback(start_node, end_node).scopes({at::RecordScope::BACKWARD_FUNCTION}));
}

void remove_backward_callback() {
  if (callback_handle) at::removeCallback(*callback_handle);
  callback_handle.reset();
}

}  // namespace foldperf::trainer

#include "collectors/nccl/events.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "collectors/clock.hpp"
#include "collectors/control/control_server.hpp"
#include "collectors/host/host_source.hpp"
#include "collectors/names/text.hpp"
#include "collectors/nccl/abi.hpp"
#include "collectors/nccl/wait_states.hpp"
#include "collectors/session/call_stacks.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors::nccl {
namespace {

using database::RunWriter;
using records::Kind;

// A call that no collective followed (it was part of a group that failed, say) is forgotten after this.
constexpr std::int64_t call_lifetime_ns = 10'000'000'000;
// For what may follow of a collective whose kernels NCCL does not tell of.
constexpr std::int64_t short_patience_ns = 1'000'000'000;
// A call's ranges are known in the round after it; where its thread's ring had no room for it, never.
constexpr int rounds_for_stack = 2;
// Of the pool, calls captured into graphs may keep so much: they live as long as their communicator.
constexpr std::uint32_t most_captured = Events::pool_slots / 2;

class ErrnoKept {
 public:
  ErrnoKept() : value_(errno) {}
  ~ErrnoKept() { errno = value_; }
  ErrnoKept(const ErrnoKept&) = delete;
  ErrnoKept& operator=(const ErrnoKept&) = delete;

 private:
  int value_;
};

constinit thread_local pid_t cached_thread = 0;

std::int64_t this_thread() noexcept {
  if (cached_thread == 0) cached_thread = static_cast<pid_t>(syscall(SYS_gettid));
  return cached_thread;
}

template <class T>
void lower(std::atomic<T>& value, T candidate) noexcept {
  T now = value.load(std::memory_order_relaxed);
  while (candidate < now && !value.compare_exchange_weak(now, candidate, std::memory_order_relaxed)) {
  }
}

template <class T>
void raise(std::atomic<T>& value, T candidate) noexcept {
  T now = value.load(std::memory_order_relaxed);
  while (candidate > now && !value.compare_exchange_weak(now, candidate, std::memory_order_relaxed)) {
  }
}

// "ncclBfloat16" -> "bfloat16".
void assign_datatype(ShortText& text, const char* datatype) noexcept {
  if (datatype != nullptr && std::strncmp(datatype, "nccl", 4) == 0) datatype += 4;
  text.assign(datatype);
  for (char& c : text.bytes) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::int64_t datatype_bytes(const char* datatype) noexcept {
  struct Size {
    const char* name;
    std::int64_t bytes;
  };
  constexpr Size sizes[] = {{"int8", 1},       {"char", 1},      {"uint8", 1},   {"int32", 4},   {"int", 4},
                            {"uint32", 4},     {"int64", 8},     {"uint64", 8},  {"float16", 2}, {"half", 2},
                            {"float32", 4},    {"float", 4},     {"float64", 8}, {"double", 8},  {"bfloat16", 2},
                            {"float8e4m3", 1}, {"float8e5m2", 1}};
  for (const Size& size : sizes) {
    if (std::strcmp(size.name, datatype) == 0) return size.bytes;
  }
  return 0;
}

std::int64_t bytes_of(std::size_t count, const char* datatype) noexcept {
  constexpr std::size_t most = std::size_t{1} << 58;
  return count > most ? 0 : static_cast<std::int64_t>(count) * datatype_bytes(datatype);
}

std::optional<std::int64_t> if_known(std::int32_t value) {
  return value < 0 ? std::nullopt : std::optional<std::int64_t>(value);
}

std::int64_t gpu_ns_of(const Slot& slot) {
  const std::uint64_t start = slot.gpu_start.load(std::memory_order_relaxed);
  const std::uint64_t end = slot.gpu_end.load(std::memory_order_relaxed);
  return start != UINT64_MAX && end >= start ? static_cast<std::int64_t>(end - start) : -1;
}

// ended: no child is under way, so that the last stop of one is the end.
void write_collective(const Slot& slot, bool ended, std::uint32_t stack, RunWriter& writer, const TimeBase& base) {
  records::CollectiveRecord record;
  record.id = slot.id;
  // The kernel's beginning, where NCCL tells it: a program may enqueue long before.
  const std::int64_t first = slot.first_ns.load(std::memory_order_relaxed);
  record.start_ns = base.from_mono(first != unknown_time ? first : slot.start_ns);
  record.enqueued_ns = base.from_mono(slot.called_ns);
  const std::int64_t last = slot.last_ns.load(std::memory_order_relaxed);
  if (ended && last != unknown_time) record.end_ns = std::max(base.from_mono(last), record.start_ns);
  record.communicator = slot.communicator->index;
  record.sequence_number = static_cast<std::int64_t>(slot.sequence);
  record.graph_replay = slot.replay;
  record.operation = slot.operation.c_str();
  record.bytes = slot.bytes;
  record.dtype = slot.datatype.c_str();
  record.algorithm = slot.algorithm.c_str();
  record.protocol = slot.protocol.c_str();
  record.channels = if_known(slot.channels);
  if (const std::int64_t gpu_ns = gpu_ns_of(slot); ended && gpu_ns >= 0) {
    record.gpu_ns = gpu_ns;
    record.gpu_start = static_cast<std::int64_t>(slot.gpu_start.load(std::memory_order_relaxed));
  }
  record.peer = if_known(slot.peer);
  record.root = if_known(slot.root);
  record.is_p2p = slot.point_to_point;
  record.global_tid = slot.global_tid;
  record.again = slot.written_ns != unknown_time;
  if (stack != 0) record.stack_id = stack;
  writer.add(record);
}

void write_channel(const Slot& slot, std::int64_t collective, RunWriter& writer, const TimeBase& base) {
  records::CollectiveChannelRecord record;
  record.collective = collective;
  record.channel = slot.channel;
  record.start_ns = base.from_mono(slot.start_ns);
  const std::int64_t stop = slot.stop_ns.load(std::memory_order_relaxed);
  if (stop != unknown_time) record.end_ns = base.from_mono(stop);
  const std::uint64_t gpu_start = slot.gpu_start.load(std::memory_order_relaxed);
  if (gpu_start != UINT64_MAX) record.gpu_start = static_cast<std::int64_t>(gpu_start);
  const std::uint64_t gpu_end = slot.gpu_end.load(std::memory_order_relaxed);
  if (gpu_end != 0) record.gpu_end = static_cast<std::int64_t>(gpu_end);
  writer.add(record);
}

void write_waits(const Slot& slot, std::int64_t collective, RunWriter& writer) {
  for (std::size_t i = 0; i < wait_states; ++i) {
    const std::int32_t steps = slot.wait_steps[i].load(std::memory_order_relaxed);
    if (steps == 0) continue;
    records::ProxyWaitRecord record;
    record.collective = collective;
    record.channel = slot.channel;
    record.peer = slot.peer;
    record.is_send = slot.is_send;
    record.state = wait_state_name(i);
    record.ns = slot.wait_ns[i].load(std::memory_order_relaxed);
    record.steps = steps;
    writer.add(record);
  }
}

std::uint64_t mask_of(Level level, int version) {
  std::uint64_t mask = abi::collective | abi::point_to_point;
  if (version >= 3) mask |= abi::kernel_channel;
  if (version >= 5) mask |= abi::collective_call | abi::point_to_point_call;
  if (level == Level::full) mask |= abi::proxy_operation | abi::proxy_step;
  return mask;
}

}  // namespace

Events& Events::instance() {
  alignas(Events) static std::byte place[sizeof(Events)];
  static Events* const events = new (place) Events;
  return *events;
}

Events::Events() : pool_(new EventPool(pool_slots)) {}

bool Events::begin() noexcept {
  if (!begun_) {
    begun_ = true;
    Session& session = Session::instance();
    const Settings* settings = session.start();
    collect_ = settings != nullptr && settings->nccl && pool().capacity() != 0;
    if (collect_) {
      start_host_sampler(session, *settings);
      start_control(session, *settings);
    }
    if (collect_ && !added_) collect_ = added_ = session.add_source(this);
    if (settings != nullptr) level_ = settings->level;
  }
  return collect_ && Session::instance().ensure_running();
}

Context* Events::open(int version) noexcept {
  const ErrnoKept errno_kept;
  const std::lock_guard lock(mutex_);
  try {
    if (!begin()) return nullptr;
    auto* context = new Context;  // NCCL may name it after it gave it back
    context->version = version;
    context->mask = mask_of(level_, version);
    context->epoch = epoch_.load(std::memory_order_relaxed);
    version_ = version;
    return context;
  } catch (const std::exception&) {
    return nullptr;
  }
}

Communicator* Events::add_communicator(std::uint64_t id, const char* name, int size, int rank) {
  Communicator& communicator = communicators_.emplace_back();
  communicator.index = static_cast<std::int64_t>(communicators_.size());
  communicator.id = id;
  if (name != nullptr) communicator.name.assign(name, strnlen(name, 256));
  communicator.size = size;
  communicator.rank = rank;
  return &communicator;
}

void Events::name_communicator(Context& context, std::uint64_t id, const char* name, int size, int rank) noexcept {
  const ErrnoKept errno_kept;
  const std::lock_guard lock(mutex_);
  try {
    context.communicator = add_communicator(id, name, size, rank);
    // Alone, a rank copies: there is no kernel to wait for.
    context.communicator->kernels = (context.mask & abi::kernel_channel) != 0 && size > 1;
  } catch (const std::exception&) {
    context.mask = 0;
  }
}

Communicator* Events::communicator_of(Context& context, const CollectiveStart& start) noexcept {
  if (context.version >= 4) return context.communicator;
  const std::lock_guard lock(mutex_);
  try {
    // The latest first: a number may be used again.
    for (auto known = communicators_.rbegin(); known != communicators_.rend(); ++known) {
      if (known->id == start.communicator_hash && known->rank == start.rank && !known->over) return &*known;
    }
    Communicator* added = add_communicator(start.communicator_hash, start.communicator_name, 0, start.rank);
    added->kernels = (context.mask & abi::kernel_channel) != 0;
    return added;
  } catch (const std::exception&) {
    return nullptr;
  }
}

void Events::finish(Context& context) noexcept {
  if (context.epoch != epoch_.load(std::memory_order_relaxed)) return;
  // In versions 1 to 3 nobody says which communicator it was; its number tells it from the next.
  if (context.communicator != nullptr) context.communicator->over.store(true, std::memory_order_release);
  Session::instance().wake();
}

Slot* Events::new_slot(Context& context, EventType type) noexcept {
  if (context.epoch != epoch_.load(std::memory_order_relaxed)) return nullptr;
  EventPool& events = pool();
  Slot* slot = events.acquire();
  if (slot == nullptr) {
    pool_full_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  if (events.in_use() > pool_slots / 2) Session::instance().wake();
  slot->type = type;
  slot->start_ns = slot->called_ns = monotonic_ns();
  return slot;
}

void* Events::start_call(Context& context, const CallStart& call) noexcept {
  // Without a slot there is still a handle: NCCL counts replays of a captured collective only where its call has one.
  if (!Session::instance().recording() && !call.captured) return group_handle();
  if (call.captured && pool().in_use() > most_captured) return group_handle();
  Slot* slot = new_slot(context, EventType::call);
  if (slot == nullptr) return group_handle();
  slot->captured = call.captured;
  slot->asked = CallStacks::instance().ask();
  slot->communicator = context.communicator;
  slot->global_tid = this_thread();
  return pool().publish(*slot);
}

void* Events::start_collective(Context& context, const CollectiveStart& start) noexcept {
  Communicator* communicator = communicator_of(context, start);
  if (communicator == nullptr) return nullptr;
  // Counted also while nothing is recorded: the ranks stay in step.
  const bool is_send = start.point_to_point && start.operation != nullptr && std::strcmp(start.operation, "Send") == 0;
  const std::uint64_t sequence =
      start.point_to_point ? communicator->next_point_to_point(start.peer, is_send) : start.sequence;
  std::int64_t replay = 0;
  if (!start.point_to_point && start.operation != nullptr) {
    replay = communicator->occurrence(start.operation, start.sequence);
  }
  Slot* call = pool().hold(start.parent);
  if (call != nullptr && call->type != EventType::call) {
    pool().release(*call);
    call = nullptr;
  }
  const bool captured = call != nullptr && call->captured;
  if (captured) replay = static_cast<std::int64_t>(call->replays.fetch_add(1, std::memory_order_relaxed)) + 1;
  Slot* slot = Session::instance().recording() ? new_slot(context, EventType::collective) : nullptr;
  if (slot != nullptr) {
    slot->id = next_id_.fetch_add(1, std::memory_order_relaxed) + 1;
    slot->communicator = communicator;
    slot->point_to_point = start.point_to_point;
    slot->is_send = is_send;
    slot->sequence = sequence;
    slot->replay = replay;
    slot->captured = captured;
    slot->operation.assign(start.operation);
    assign_datatype(slot->datatype, start.datatype);
    slot->algorithm.assign(start.algorithm);
    slot->protocol.assign(start.protocol);
    slot->bytes = bytes_of(start.count, slot->datatype.c_str());
    slot->root = start.root;
    slot->peer = start.peer;
    slot->channels = start.channels;
    slot->global_tid = records::global_tid(getpid(), call != nullptr ? call->global_tid : this_thread());
    // The call of a replay was made long ago, once for all replays.
    if (call != nullptr && !captured) slot->called_ns = call->start_ns;
    // Versions 1 to 4 tell of no call: NCCL enqueues what is not captured on the thread that called, and a replay on a
    // thread of CUDA's, which has no ranges.
    if (call == nullptr) slot->asked = CallStacks::instance().ask();
  }
  if (call != nullptr) {
    // A call that is not captured has one collective: it has done its work when it is stopped as well.
    call->replays.store(std::max(1u, call->replays.load(std::memory_order_relaxed)), std::memory_order_release);
    if (slot != nullptr) {
      slot->call = pool().index_of(*call);
    } else {
      pool().release(*call);
    }
  }
  return slot == nullptr ? nullptr : pool().publish(*slot);
}

void* Events::start_channel(Context& context, void* parent, std::uint8_t channel, std::uint64_t gpu_timer) noexcept {
  if (parent == nullptr || parent == group_handle()) return nullptr;
  Slot* collective = pool().hold(parent);
  if (collective == nullptr || collective->type != EventType::collective) {
    if (collective != nullptr) pool().release(*collective);
    orphans_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  Slot* slot = new_slot(context, EventType::channel);
  if (slot == nullptr) {
    pool().release(*collective);
    return nullptr;
  }
  slot->parent = pool().index_of(*collective);
  slot->channel = channel;
  if (gpu_timer != 0) slot->gpu_start.store(gpu_timer, std::memory_order_relaxed);
  std::int64_t first = collective->first_ns.load(std::memory_order_relaxed);
  while ((first == unknown_time || slot->start_ns < first) &&
         !collective->first_ns.compare_exchange_weak(first, slot->start_ns, std::memory_order_relaxed)) {
  }
  if (gpu_timer != 0) lower(collective->gpu_start, gpu_timer);
  return pool().publish(*slot);
}

void* Events::start_proxy_operation(Context& context, const ProxyStart& start) noexcept {
  // A proxy may work for another process of the machine (PXN), whose handle means nothing here.
  const bool foreign = start.pid != getpid();
  Slot* collective = foreign ? nullptr : pool().hold(start.parent);
  if (collective == nullptr || collective->type != EventType::collective) {
    if (collective != nullptr) pool().release(*collective);
    (foreign ? foreign_ : orphans_).fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  Slot* slot = new_slot(context, EventType::proxy_operation);
  if (slot == nullptr) {
    pool().release(*collective);
    return nullptr;
  }
  slot->parent = pool().index_of(*collective);
  slot->channel = start.channel;
  slot->peer = start.peer;
  slot->is_send = start.is_send;
  return pool().publish(*slot);
}

void* Events::start_proxy_step(Context& context, void* parent) noexcept {
  Slot* operation = pool().hold(parent);
  if (operation == nullptr || operation->type != EventType::proxy_operation) {
    if (operation != nullptr) pool().release(*operation);
    return nullptr;  // the operation was not kept, which was counted
  }
  Slot* slot = new_slot(context, EventType::proxy_step);
  if (slot == nullptr) {
    pool().release(*operation);
    return nullptr;
  }
  slot->parent = pool().index_of(*operation);
  return pool().publish(*slot);
}

void Events::stop_channel_timer(void* handle, std::uint64_t gpu_timer) noexcept {
  Slot* slot = pool().hold(handle);
  if (slot == nullptr) return;
  if (slot->type == EventType::channel && gpu_timer != 0 && !slot->stopped.load(std::memory_order_acquire)) {
    slot->gpu_end.store(gpu_timer, std::memory_order_relaxed);
    raise(pool().at(slot->parent).gpu_end, gpu_timer);
  }
  pool().release(*slot);
}

void Events::leave_state(Slot& step, std::int64_t now) noexcept {
  const std::int32_t state = step.state.exchange(-1, std::memory_order_relaxed);
  if (state < 0) return;
  Slot& operation = pool().at(step.parent);
  const auto index = static_cast<std::size_t>(state);
  operation.wait_ns[index].fetch_add(now - step.state_since.load(std::memory_order_relaxed), std::memory_order_relaxed);
  operation.wait_steps[index].fetch_add(1, std::memory_order_relaxed);
}

void Events::enter_state(void* handle, int state) noexcept {
  const std::optional<std::int32_t> wait = wait_state(state);
  if (!wait) return;
  Slot* slot = pool().hold(handle);
  if (slot == nullptr) return;
  if (slot->type == EventType::proxy_step && !slot->stopped.load(std::memory_order_acquire)) {
    const std::int64_t now = monotonic_ns();
    leave_state(*slot, now);
    slot->state_since.store(now, std::memory_order_relaxed);
    slot->state.store(*wait, std::memory_order_relaxed);
  }
  pool().release(*slot);
}

void Events::child_stopped(Slot& parent, std::int64_t now) noexcept {
  raise(parent.last_ns, now);
  pool().release(parent);
}

void Events::stop(void* handle) noexcept {
  EventPool& events = pool();
  Slot* slot = events.hold(handle);
  if (slot == nullptr) return;
  const std::int64_t now = monotonic_ns();
  if (slot->stopped.load(std::memory_order_relaxed)) return events.release(*slot);
  if (slot->type == EventType::proxy_step) leave_state(*slot, now);
  slot->stop_ns.store(now, std::memory_order_relaxed);
  if (slot->stopped.exchange(true, std::memory_order_acq_rel)) return events.release(*slot);  // NCCL may stop twice
  switch (slot->type) {
    case EventType::channel: {
      Slot& collective = events.at(slot->parent);
      collective.channels_done.fetch_add(1, std::memory_order_relaxed);
      if (level_ == Level::full) {
        raise(collective.last_ns, now);
        events.push_stopped(*slot);  // who writes it lets its parent go
      } else {
        child_stopped(collective, now);
        return events.release(*slot, 2);
      }
      break;
    }
    case EventType::proxy_step: {
      Slot& operation = events.at(slot->parent);
      events.release(operation);
      return events.release(*slot, 2);
    }
    case EventType::proxy_operation:
      raise(events.at(slot->parent).last_ns, now);
      events.push_stopped(*slot);
      break;
    case EventType::collective:
    case EventType::call:
      events.push_stopped(*slot);
      break;
  }
  events.release(*slot);
}

bool Events::complete(const Slot& slot, std::int64_t now) const {
  const bool over = slot.communicator->over.load(std::memory_order_acquire);
  const std::int64_t last =
      std::max(slot.stop_ns.load(std::memory_order_relaxed), slot.last_ns.load(std::memory_order_relaxed));
  if (slot.communicator->kernels) {
    const std::int32_t done = slot.channels_done.load(std::memory_order_relaxed);
    // Version 3 gives the most channels that there may be, not how many there are.
    if (slot.channels > 0 && done >= slot.channels) return true;
    if (over || now - last > patience_ns) return true;
    const bool crowded = pool_.load(std::memory_order_relaxed)->in_use() > pool_slots / 2;
    return (crowded || done > 0) && now - last > short_patience_ns;
  }
  return over || level_ != Level::full || now - last > short_patience_ns;
}

// Of the ranges that were open where the program called; 0: none were.
std::optional<std::uint32_t> Events::stack_of(const Slot& slot) {
  const std::uint64_t asked = slot.call != no_slot ? pool().at(slot.call).asked : slot.asked;
  return asked == 0 ? std::optional<std::uint32_t>(0) : CallStacks::instance().stack_of(asked);
}

void Events::forget_collective(Slot& slot) noexcept {
  if (slot.call != no_slot) pool().release(pool().at(slot.call));
  if (slot.asked != 0) CallStacks::instance().forget(slot.asked);
  pool().free(slot);
}

void Events::write_early(Slot& slot, std::int64_t now, RunWriter& writer, const TimeBase& base) {
  const std::int64_t news =
      std::max({slot.stop_ns.load(std::memory_order_relaxed), slot.first_ns.load(std::memory_order_relaxed),
                slot.last_ns.load(std::memory_order_relaxed)});
  if (now - news <= early_ns) return;
  write_collective(slot, false, stack_of(slot).value_or(0), writer, base);
  slot.written_ns = now;
}

// True when the slot is free again, or is nothing more to wait for.
bool Events::settle(Slot& slot, std::int64_t now, RunWriter& writer, const TimeBase& base) {
  EventPool& events = pool();
  switch (slot.type) {
    case EventType::call: {
      const bool over = slot.communicator == nullptr || slot.communicator->over.load(std::memory_order_acquire);
      const bool used = slot.replays.load(std::memory_order_acquire) != 0;
      const bool old = now - slot.stop_ns.load(std::memory_order_relaxed) > call_lifetime_ns;
      if (!over && (slot.captured || (!used && !old))) return false;
      if (!events.close(slot)) return false;
      CallStacks::instance().forget(slot.asked);
      events.free(slot);
      return true;
    }
    case EventType::channel:
    case EventType::proxy_operation: {
      if (!events.close(slot)) return false;  // steps of it are under way
      Slot& collective = events.at(slot.parent);
      if (slot.type == EventType::channel) {
        write_channel(slot, collective.id, writer, base);
      } else {
        write_waits(slot, collective.id, writer);
      }
      events.release(collective);
      events.free(slot);
      return true;
    }
    case EventType::collective: {
      const bool early = slot.written_ns != unknown_time;
      // Records of a second later come later to the file, whichever threads tell them.
      if (!complete(slot, now) || (early && now - slot.written_ns < early_ns)) {
        if (!early) write_early(slot, now, writer, base);
        return false;
      }
      const std::optional<std::uint32_t> stack = stack_of(slot);
      if (!stack && ++slot.rounds_without_stack <= rounds_for_stack) return false;
      if (!events.close(slot)) {  // children are under way
        if (!early) write_early(slot, now, writer, base);
        return false;
      }
      if (!early || slot.last_ns.load(std::memory_order_relaxed) != unknown_time) {
        write_collective(slot, true, stack.value_or(0), writer, base);
      }
      forget_collective(slot);
      return true;
    }
    case EventType::proxy_step:
      break;
  }
  return true;
}

void Events::write_news(RunWriter& writer) {
  const std::lock_guard lock(mutex_);
  if (version_ != version_written_) {
    const std::string detail = "NCCL's profiler plugin, version " + std::to_string(version_) +
                               (version_ >= 4   ? ": collectives with the GPU's timer"
                                : version_ == 3 ? ": collectives with the times of their kernels"
                                                : ": collectives as they were enqueued; their ends are not told");
    records::CollectorRecord collector;
    collector.name = "nccl";
    collector.state = "on";
    collector.detail = detail;
    writer.add(collector);
    version_written_ = version_;
  }
  for (; communicators_written_ < communicators_.size(); ++communicators_written_) {
    const Communicator& known = communicators_[communicators_written_];
    char id[24];
    std::snprintf(id, sizeof(id), "0x%016llx", static_cast<unsigned long long>(known.id));
    const std::string name = valid_utf8(known.name);
    records::CommunicatorRecord record;
    record.communicator = known.index;
    record.global_id = id;
    record.name = name;
    record.size = known.size;
    record.rank_in_communicator = known.rank;
    writer.add(record);
  }
}

void Events::drain(RunWriter& writer, const TimeBase& base) noexcept {
  try {
    write_news(writer);
    const std::int64_t now = monotonic_ns();
    EventPool& events = pool();
    for (std::uint32_t index = events.take_stopped(); index != no_slot;) {
      const std::uint32_t next = events.at(index).next.load(std::memory_order_relaxed);
      waiting_.push_back(index);
      index = next;
    }
    std::erase_if(waiting_, [&](std::uint32_t index) { return settle(events.at(index), now, writer, base); });
  } catch (const std::exception&) {
    // Out of memory: the next round goes on.
  }
  count_lost(writer);
}

void Events::count_lost(RunWriter& writer) noexcept {
  const auto count = [&writer](Kind kind, const char* reason, std::atomic<std::uint64_t>& total, std::uint64_t& told) {
    const std::uint64_t now = total.load(std::memory_order_relaxed);
    if (now != told) writer.count_dropped(kind, reason, now - told);
    told = now;
  };
  count(Kind::collective, "too many events of NCCL were under way", pool_full_, pool_full_written_);
  count(Kind::collective, "ended within the last second of the process, after a row without end", late_, late_written_);
  count(Kind::collective_channel, "of a collective that is not known, or no longer", orphans_, orphans_written_);
  count(Kind::proxy_wait, "worked for a collective of another process", foreign_, foreign_written_);
}

void Events::close(RunWriter& writer, const TimeBase& base) noexcept {
  drain(writer, base);
  // What is still under way: a row of what is known.
  EventPool& events = pool();
  const std::int64_t now = monotonic_ns();
  const std::uint32_t used = events.used();
  for (std::uint32_t index = 0; index < used; ++index) {
    Slot& slot = events.at(index);
    const std::uint64_t holders = slot.life.load(std::memory_order_acquire) & UINT32_MAX;
    if (holders == 0 || slot.type != EventType::collective) continue;
    const bool ended = holders == 1;
    if (slot.written_ns == unknown_time || (ended && now - slot.written_ns >= early_ns)) {
      write_collective(slot, ended, stack_of(slot).value_or(0), writer, base);
    } else if (ended) {
      late_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  count_lost(writer);
}

void Events::after_fork_in_child() noexcept {
  // The parent's events are the parent's to write; NCCL's handles of before mean nothing here.
  cached_thread = 0;
  CallStacks::instance().forget_all();
  try {
    pool_.store(new EventPool(pool_slots), std::memory_order_release);
  } catch (const std::exception&) {
    collect_ = false;
  }
  epoch_.fetch_add(1, std::memory_order_relaxed);
  new (&mutex_) std::mutex;  // another thread of the parent may have held it
  begun_ = false;
  waiting_.clear();
  new (&communicators_) std::deque<Communicator>;  // left as it is: it may have been in the middle of a change
  communicators_written_ = 0;
  version_written_ = version_ = 0;
  pool_full_ = orphans_ = late_ = foreign_ = 0;
  pool_full_written_ = orphans_written_ = late_written_ = foreign_written_ = 0;
}

}  // namespace foldperf::collectors::nccl

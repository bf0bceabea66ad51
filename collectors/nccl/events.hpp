// What the collector makes of NCCL's events, whatever version of the plugin's interface they came through.
//
// A collective's row has the time of the program's call, of NCCL's enqueueing, and of its end: the last stop that
// NCCL's proxy thread tells of its kernels' channels or of its network operations. Where nothing of that comes, the end
// is unknown and stays so. The GPU's own timer, where NCCL reads it (version 4 on), is kept as it is: its zero is not
// that of any clock of the host.
//
// Thread safety: NCCL calls from the program's threads and from its proxy threads at once; drain(), close() and the
// fork handlers come from the session.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "collectors/nccl/communicators.hpp"
#include "collectors/nccl/event_pool.hpp"
#include "collectors/session/settings.hpp"
#include "collectors/session/source.hpp"

namespace foldperf::collectors::nccl {

// A plugin context: one for each call of init, which NCCL makes once a communicator.
struct Context {
  int version = 0;
  std::uint64_t mask = 0;
  std::uint64_t epoch = 0;               // counts forks: that of another process is dead
  Communicator* communicator = nullptr;  // null in versions 1 to 3, which name it with each event
};

struct CallStart {
  bool captured = false;
};
struct CollectiveStart {
  void* parent = nullptr;
  const char* operation = nullptr;
  const char* datatype = nullptr;
  const char* algorithm = nullptr;
  const char* protocol = nullptr;
  std::size_t count = 0;
  std::uint64_t sequence = 0;
  std::int32_t root = -1;
  std::int32_t peer = -1;
  std::int32_t channels = -1;
  bool point_to_point = false;
  // Versions 1 to 3:
  const char* communicator_name = nullptr;
  std::uint64_t communicator_hash = 0;
  std::int32_t rank = -1;
};
struct ProxyStart {
  void* parent = nullptr;
  pid_t pid = 0;
  std::uint8_t channel = 0;
  std::int32_t peer = -1;
  bool is_send = false;
};

class Events final : public Source {
 public:
  static constexpr std::uint32_t pool_slots = 1u << 16;
  // After so long a collective that is under way has a row without end, in case the program is killed; later another
  // in its place.
  static constexpr std::int64_t early_ns = 1'000'000'000;
  // A collective may be enqueued for long behind one that waits for a rank. After this, what it ends with is not looked
  // for any more; earlier where room gets short.
  static constexpr std::int64_t patience_ns = 1'800'000'000'000;

  static Events& instance();

  // Null where nothing is to be collected; the mask says which events NCCL shall tell.
  Context* open(int version) noexcept;
  void name_communicator(Context& context, std::uint64_t id, const char* name, int size, int rank) noexcept;
  void finish(Context& context) noexcept;

  // Each returns a handle, or null where the event is not kept.
  void* start_call(Context& context, const CallStart& call) noexcept;
  void* start_collective(Context& context, const CollectiveStart& start) noexcept;
  void* start_channel(Context& context, void* parent, std::uint8_t channel, std::uint64_t gpu_timer) noexcept;
  void* start_proxy_operation(Context& context, const ProxyStart& start) noexcept;
  void* start_proxy_step(Context& context, void* parent) noexcept;
  // A group has no row; but NCCL counts replayed collectives only where its group has a handle.
  static void* group_handle() noexcept { return reinterpret_cast<void*>(std::uintptr_t{1}); }

  void stop_channel_timer(void* handle, std::uint64_t gpu_timer) noexcept;
  void enter_state(void* handle, int state) noexcept;
  void stop(void* handle) noexcept;

  void drain(database::RunWriter& writer, const TimeBase& base) noexcept override;
  void close(database::RunWriter& writer, const TimeBase& base) noexcept override;
  void after_fork_in_child() noexcept override;

 private:
  Events();
  EventPool& pool() { return *pool_.load(std::memory_order_acquire); }
  bool begin() noexcept;
  Slot* new_slot(Context& context, EventType type) noexcept;
  Communicator* communicator_of(Context& context, const CollectiveStart& start) noexcept;
  Communicator* add_communicator(std::uint64_t id, const char* name, int size, int rank);
  void child_stopped(Slot& parent, std::int64_t now) noexcept;
  void leave_state(Slot& step, std::int64_t now) noexcept;
  bool settle(Slot& slot, std::int64_t now, database::RunWriter& writer, const TimeBase& base);
  bool complete(const Slot& slot, std::int64_t now) const;
  std::optional<std::uint32_t> stack_of(const Slot& slot);
  void forget_collective(Slot& slot) noexcept;
  void write_early(Slot& slot, std::int64_t now, database::RunWriter& writer, const TimeBase& base);
  void count_lost(database::RunWriter& writer) noexcept;
  void write_news(database::RunWriter& writer);

  std::atomic<EventPool*> pool_;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<std::int64_t> next_id_{0};
  std::atomic<std::uint64_t> pool_full_{0}, orphans_{0}, late_{0}, foreign_{0};

  std::mutex mutex_;  // of what follows
  bool begun_ = false;
  bool added_ = false;  // to the session, which a child of fork() has too
  bool collect_ = false;
  Level level_ = Level::kernels;
  int version_ = 0;
  std::deque<Communicator> communicators_;

  // The session's thread only.
  std::size_t communicators_written_ = 0;
  int version_written_ = 0;
  std::vector<std::uint32_t> waiting_;
  std::uint64_t pool_full_written_ = 0, orphans_written_ = 0, late_written_ = 0, foreign_written_ = 0;
};

}  // namespace foldperf::collectors::nccl

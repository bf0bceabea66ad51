// The door that NCCL opens: the library that NCCL_PROFILER_PLUGIN names is searched for ncclProfiler_v5, then v4 and so
// on. Here is one table for each version, made of thin adapters; what events mean is events.hpp's.
#include <type_traits>

#include "collectors/nccl/abi.hpp"
#include "collectors/nccl/events.hpp"
#include "collectors/nccl/version1_names.hpp"

namespace {

using namespace foldperf::collectors::nccl;

constexpr const char* plugin_name = "foldperf";

Context* context_of(void* context) { return static_cast<Context*>(context); }

// Without a context nothing is told: neither here nor in start_event.
abi::Result open_old(int version, void** context, int* mask) {
  Context* opened = Events::instance().open(version);
  if (context != nullptr) *context = opened;
  if (mask != nullptr) *mask = opened != nullptr ? static_cast<int>(opened->mask) : 0;
  return abi::success;
}

abi::Result open_named(int version, void** context, int* mask, std::uint64_t id, const char* name, int size, int rank) {
  const abi::Result result = open_old(version, context, mask);
  if (context != nullptr && *context != nullptr) {
    Events::instance().name_communicator(*context_of(*context), id, name, size, rank);
  }
  return result;
}

abi::Result finalize(void* context) {
  if (context != nullptr) Events::instance().finish(*context_of(context));
  return abi::success;
}

abi::Result stop_event(void* handle) {
  Events::instance().stop(handle);
  return abi::success;
}

abi::Result record_state(void* handle, int state, abi::StateArguments*) {
  Events::instance().enter_state(handle, state);
  return abi::success;
}

abi::Result record_state4(void* handle, int state, abi::StateArguments4* arguments) {
  if (state == abi::kernel_channel_stop) {
    if (arguments != nullptr) Events::instance().stop_channel_timer(handle, arguments->gpu_timer);
  } else {
    Events::instance().enter_state(handle, state);
  }
  return abi::success;
}

// The parts that descriptors of some versions have and of others have not.

template <class Collective>
CollectiveStart collective_start(const Collective& collective, void* parent) {
  CollectiveStart start;
  start.parent = parent;
  start.operation = collective.function;
  start.datatype = collective.datatype;
  start.algorithm = collective.algorithm;
  start.protocol = collective.protocol;
  start.count = collective.count;
  start.sequence = collective.sequence_number;
  start.root = collective.root;
  return start;
}

template <class PointToPoint>
CollectiveStart transfer_start(const PointToPoint& transfer, void* parent) {
  CollectiveStart start;
  start.parent = parent;
  start.operation = transfer.function;
  start.datatype = transfer.datatype;
  start.count = transfer.count;
  start.peer = transfer.peer;
  start.point_to_point = true;
  return start;
}

template <class Named>
void name(CollectiveStart& start, const Named& named, int rank) {
  start.communicator_name = named.name;
  start.communicator_hash = named.communicator_hash;
  start.rank = rank;
}

CollectiveStart describe(const abi::Descriptor1& event) {
  CollectiveStart start;
  start.parent = event.parent;
  if (event.type == abi::collective) {
    const abi::Collective1& collective = event.collective;
    start.operation = version1_function(collective.function);
    start.datatype = version1_datatype(collective.datatype);
    start.algorithm = version1_algorithm(collective.algorithm);
    start.protocol = version1_protocol(collective.protocol);
    start.count = collective.count;
    start.sequence = collective.sequence_number;
    start.root = collective.root;
    name(start, collective, event.rank);
  } else {
    const abi::PointToPoint1& transfer = event.point_to_point;
    start.operation = version1_function(transfer.function);
    start.datatype = version1_datatype(transfer.datatype);
    start.count = transfer.count;
    start.peer = transfer.peer;
    start.point_to_point = true;
    name(start, transfer, event.rank);
  }
  return start;
}

// Version 2 and 3. "At most so many channels" is no number of channels.
template <class Descriptor>
CollectiveStart describe_named(const Descriptor& event) {
  CollectiveStart start;
  if (event.type == abi::collective) {
    start = collective_start(event.collective, event.parent);
    name(start, event.collective, event.rank);
  } else {
    start = transfer_start(event.point_to_point, event.parent);
    name(start, event.point_to_point, event.rank);
  }
  return start;
}
CollectiveStart describe(const abi::Descriptor2& event) { return describe_named(event); }
CollectiveStart describe(const abi::Descriptor3& event) { return describe_named(event); }

CollectiveStart describe(const abi::Descriptor4& event) {
  if (event.type == abi::collective) {
    CollectiveStart start = collective_start(event.collective, event.parent);
    start.channels = event.collective.channels;
    return start;
  }
  CollectiveStart start = transfer_start(event.point_to_point, event.parent);
  start.channels = event.point_to_point.channels;
  return start;
}

// The parent is the program's call; the group is a group.
CollectiveStart describe(const abi::Descriptor5& event) {
  if (event.type == abi::collective) {
    CollectiveStart start = collective_start(event.collective.common, event.parent);
    start.channels = event.collective.common.channels;
    return start;
  }
  CollectiveStart start = transfer_start(event.point_to_point, event.parent);
  start.channels = event.point_to_point.channels;
  return start;
}

void* start_channel(Context& context, const abi::Descriptor3& event) {
  return Events::instance().start_channel(context, event.parent, event.channel, 0);
}
template <class Descriptor>
void* start_channel(Context& context, const Descriptor& event) {
  return Events::instance().start_channel(context, event.parent, event.kernel_channel.channel,
                                          event.kernel_channel.gpu_timer);
}

template <class Descriptor>
constexpr int version_of = std::is_same_v<Descriptor, abi::Descriptor1>   ? 1
                           : std::is_same_v<Descriptor, abi::Descriptor2> ? 2
                           : std::is_same_v<Descriptor, abi::Descriptor3> ? 3
                           : std::is_same_v<Descriptor, abi::Descriptor4> ? 4
                                                                          : 5;

template <class Descriptor>
void* start(Context& context, const Descriptor& event) {
  Events& events = Events::instance();
  constexpr int version = version_of<Descriptor>;
  const std::uint64_t type = event.type;
  switch (type) {
    case abi::group:
    case abi::group_call:
      return Events::group_handle();
    case abi::collective:
    case abi::point_to_point:
      return events.start_collective(context, describe(event));
    case abi::proxy_operation: {
      const abi::ProxyOperation& operation = event.proxy_operation;
      return events.start_proxy_operation(
          context, {event.parent, operation.pid, operation.channel, operation.peer, operation.is_send != 0});
    }
    case abi::proxy_step:
      return events.start_proxy_step(context, event.parent);
    case abi::kernel_channel:
      if constexpr (version >= 3) return start_channel(context, event);
      return nullptr;
    case abi::collective_call:
      if constexpr (version == 5) return events.start_call(context, {event.collective_call.captured});
      return nullptr;
    case abi::point_to_point_call:
      if constexpr (version == 5) return events.start_call(context, {event.point_to_point_call.captured});
      return nullptr;
    default:
      return nullptr;  // proxies' own work, network plugins, launches: not asked for
  }
}

template <class Descriptor>
abi::Result start_event(void* context, void** handle, Descriptor* event) {
  if (handle == nullptr) return abi::success;
  *handle = context != nullptr && event != nullptr ? start(*context_of(context), *event) : nullptr;
  return abi::success;
}

template <int version>
abi::Result init_old(void** context, int* mask) {
  return open_old(version, context, mask);
}

abi::Result init4(void** context, int* mask, const char* name, std::uint64_t hash, int, int ranks, int rank,
                  abi::Logger) {
  return open_named(4, context, mask, hash, name, ranks, rank);
}

abi::Result init5(void** context, std::uint64_t id, int* mask, const char* name, int, int ranks, int rank,
                  abi::Logger) {
  return open_named(5, context, mask, id, name, ranks, rank);
}

}  // namespace

extern "C" {
#define FOLDPERF_DOOR __attribute__((visibility("default")))
FOLDPERF_DOOR extern const abi::Plugin1 ncclProfiler_v1;
FOLDPERF_DOOR extern const abi::Plugin2 ncclProfiler_v2;
FOLDPERF_DOOR extern const abi::Plugin3 ncclProfiler_v3;
FOLDPERF_DOOR extern const abi::Plugin4 ncclProfiler_v4;
FOLDPERF_DOOR extern const abi::Plugin5 ncclProfiler_v5;
const abi::Plugin1 ncclProfiler_v1{plugin_name, init_old<1>,  start_event<abi::Descriptor1>,
                                   stop_event,  record_state, finalize};
const abi::Plugin2 ncclProfiler_v2{plugin_name, init_old<2>,  start_event<abi::Descriptor2>,
                                   stop_event,  record_state, finalize};
const abi::Plugin3 ncclProfiler_v3{plugin_name, init_old<3>,  start_event<abi::Descriptor3>,
                                   stop_event,  record_state, finalize};
const abi::Plugin4 ncclProfiler_v4{plugin_name, init4,         start_event<abi::Descriptor4>,
                                   stop_event,  record_state4, finalize};
const abi::Plugin5 ncclProfiler_v5{plugin_name, init5,         start_event<abi::Descriptor5>,
                                   stop_event,  record_state4, finalize};
#undef FOLDPERF_DOOR
}

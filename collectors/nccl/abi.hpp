// What NCCL hands to a profiler plugin, versions 1 to 5: our own description of the layouts, so that building needs no
// header of NCCL's. (NCCL 2.23 speaks version 1, 2.24 version 2, 2.26 version 3, 2.27 version 4, 2.28 version 5; a
// newer NCCL speaks the older versions too, and takes the newest that a plugin has.)
//
// The layouts are those of x86-64 and AArch64 (LP64). The assertions below hold them fast.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace foldperf::collectors::nccl::abi {

// Bits of the activation mask, and types of events.
enum Type : std::uint64_t {
  group = 1u << 0,
  collective = 1u << 1,
  point_to_point = 1u << 2,
  proxy_operation = 1u << 3,
  proxy_step = 1u << 4,
  proxy_control = 1u << 5,
  kernel_channel = 1u << 6,  // version 3 on
  net_plugin = 1u << 7,      // version 3 on
  group_call = 1u << 8,      // version 5, as the rest
  collective_call = 1u << 9,
  point_to_point_call = 1u << 10,
  kernel_launch = 1u << 11,
};

// States that recordEventState tells and that we use.
enum State : std::int32_t {
  send_gpu_wait = 8,
  send_wait = 9,
  receive_wait = 10,
  receive_flush_wait = 11,
  receive_gpu_wait = 12,
  send_peer_wait = 20,       // version 4 on
  kernel_channel_stop = 22,  // version 4 on
};

using Result = int;  // ncclResult_t
inline constexpr Result success = 0;

struct ProxyOperation {
  pid_t pid;
  std::uint8_t channel;
  int peer;
  int steps;
  int chunk_bytes;
  int is_send;
};

struct Collective1 {
  const char* name;
  std::uint64_t communicator_hash;
  std::uint64_t sequence_number;
  std::uint8_t function;
  const void* send_buffer;
  void* receive_buffer;
  std::size_t count;
  int root;
  std::uint8_t datatype;
  std::uint32_t operator_;
  std::size_t traffic_bytes;
  std::uint8_t most_channels;
  std::uint8_t warps;
  std::uint8_t algorithm;
  std::uint8_t protocol;
  int is_collnet;
  int is_nvls;
};
struct PointToPoint1 {
  const char* name;
  std::uint64_t communicator_hash;
  std::uint8_t function;
  void* buffer;
  std::uint8_t datatype;
  std::size_t count;
  int peer;
};
struct Descriptor1 {
  std::uint8_t type;
  void* parent;
  int rank;
  union {
    Collective1 collective;
    PointToPoint1 point_to_point;
    ProxyOperation proxy_operation;
    int step;
  };
};

struct Collective2 {
  const char* name;
  std::uint64_t communicator_hash;
  std::uint64_t sequence_number;
  const char* function;
  const void* send_buffer;
  void* receive_buffer;
  std::size_t count;
  int root;
  const char* datatype;
  std::size_t traffic_bytes;
  std::uint8_t most_channels;
  std::uint8_t warps;
  const char* algorithm;
  const char* protocol;
};
struct PointToPoint2 {
  const char* name;
  std::uint64_t communicator_hash;
  const char* function;
  void* buffer;
  const char* datatype;
  std::size_t count;
  int peer;
};
struct Descriptor2 {
  std::uint8_t type;
  void* parent;
  int rank;
  union {
    Collective2 collective;
    PointToPoint2 point_to_point;
    ProxyOperation proxy_operation;
    int step;
  };
};

struct Collective3 {
  const char* name;
  std::uint64_t communicator_hash;
  std::uint64_t sequence_number;
  const char* function;
  const void* send_buffer;
  void* receive_buffer;
  std::size_t count;
  int root;
  const char* datatype;
  std::uint8_t most_channels;
  std::uint8_t warps;
  const char* algorithm;
  const char* protocol;
};
struct NetPlugin {
  std::int64_t id;
  void* data;
};
struct Descriptor3 {
  std::uint8_t type;
  void* parent;
  int rank;
  union {
    Collective3 collective;
    PointToPoint2 point_to_point;
    ProxyOperation proxy_operation;
    int step;
    std::uint8_t channel;  // of the kernel
    NetPlugin net_plugin;
  };
};

struct Collective4 {
  std::uint64_t sequence_number;
  const char* function;
  const void* send_buffer;
  void* receive_buffer;
  std::size_t count;
  int root;
  const char* datatype;
  std::uint8_t channels;
  std::uint8_t warps;
  const char* algorithm;
  const char* protocol;
};
struct PointToPoint4 {
  const char* function;
  void* buffer;
  const char* datatype;
  std::size_t count;
  int peer;
  std::uint8_t channels;
};
struct KernelChannel {
  std::uint8_t channel;
  std::uint64_t gpu_timer;  // the GPU's globaltimer, ns
};
struct Descriptor4 {
  std::uint8_t type;
  void* parent;
  int rank;
  union {
    Collective4 collective;
    PointToPoint4 point_to_point;
    ProxyOperation proxy_operation;
    int step;
    KernelChannel kernel_channel;
    NetPlugin net_plugin;
  };
};

struct GroupCall {
  bool captured;
  int depth;
};
struct CollectiveCall {
  const char* function;
  std::size_t count;
  const char* datatype;
  int root;
  void* stream;
  bool captured;  // into a CUDA graph
};
struct PointToPointCall {
  const char* function;
  std::size_t count;
  const char* datatype;
  void* stream;
  bool captured;
};
struct Collective5 {
  Collective4 common;
  void* parent_group;
};
struct PointToPoint5 {
  const char* function;
  void* buffer;
  const char* datatype;
  std::size_t count;
  int peer;
  std::uint8_t channels;
  void* parent_group;
};
struct Descriptor5 {
  std::uint64_t type;
  void* parent;
  int rank;
  union {
    GroupCall group_call;
    CollectiveCall collective_call;
    PointToPointCall point_to_point_call;
    void* launch_stream;
    Collective5 collective;
    PointToPoint5 point_to_point;
    ProxyOperation proxy_operation;
    int step;
    KernelChannel kernel_channel;
    NetPlugin net_plugin;
  };
};

// Arguments of recordEventState: which member holds follows from the state.
union StateArguments {  // versions 1 to 3
  struct {
    std::size_t bytes;
    int steps;
  } proxy_operation;
  int appended_operations;
};
union StateArguments4 {  // versions 4 and 5
  std::size_t step_bytes;
  int appended_operations;
  void* net_plugin_data;
  std::uint64_t gpu_timer;
};

using Logger = void (*)(int level, unsigned long flags, const char* file, int line, const char* format, ...);

template <class Descriptor, class Arguments>
struct Functions {
  using Start = Result (*)(void* context, void** handle, Descriptor*);
  using Stop = Result (*)(void* handle);
  using Record = Result (*)(void* handle, int state, Arguments*);
  using Finalize = Result (*)(void* context);
};

template <class Descriptor, class Arguments, class Init>
struct Plugin {
  const char* name;
  Init init;
  typename Functions<Descriptor, Arguments>::Start start_event;
  typename Functions<Descriptor, Arguments>::Stop stop_event;
  typename Functions<Descriptor, Arguments>::Record record_event_state;
  typename Functions<Descriptor, Arguments>::Finalize finalize;
};

using InitOld = Result (*)(void** context, int* mask);
using Init4 = Result (*)(void** context, int* mask, const char* communicator_name, std::uint64_t communicator_hash,
                         int nodes, int ranks, int rank, Logger);
using Init5 = Result (*)(void** context, std::uint64_t communicator_id, int* mask, const char* communicator_name,
                         int nodes, int ranks, int rank, Logger);

using Plugin1 = Plugin<Descriptor1, StateArguments, InitOld>;
using Plugin2 = Plugin<Descriptor2, StateArguments, InitOld>;
using Plugin3 = Plugin<Descriptor3, StateArguments, InitOld>;
using Plugin4 = Plugin<Descriptor4, StateArguments4, Init4>;
using Plugin5 = Plugin<Descriptor5, StateArguments4, Init5>;

static_assert(sizeof(void*) == 8 && sizeof(std::size_t) == 8);
static_assert(offsetof(Descriptor1, parent) == 8 && offsetof(Descriptor1, rank) == 16 &&
              offsetof(Descriptor1, collective) == 24);
static_assert(offsetof(Collective1, function) == 24 && offsetof(Collective1, send_buffer) == 32 &&
              offsetof(Collective1, count) == 48 && offsetof(Collective1, datatype) == 60 &&
              offsetof(Collective1, operator_) == 64 && offsetof(Collective1, traffic_bytes) == 72 &&
              offsetof(Collective1, most_channels) == 80 && offsetof(Collective1, protocol) == 83 &&
              offsetof(Collective1, is_collnet) == 84 && sizeof(Descriptor1) == 24 + 96);
static_assert(offsetof(PointToPoint1, buffer) == 24 && offsetof(PointToPoint1, count) == 40 &&
              offsetof(PointToPoint1, peer) == 48);
static_assert(offsetof(Collective2, count) == 48 && offsetof(Collective2, datatype) == 64 &&
              offsetof(Collective2, most_channels) == 80 && offsetof(Collective2, algorithm) == 88 &&
              sizeof(Descriptor2) == 24 + 104);
static_assert(offsetof(Collective3, most_channels) == 72 && offsetof(Collective3, algorithm) == 80 &&
              sizeof(Descriptor3) == 24 + 96);
static_assert(offsetof(Collective4, count) == 32 && offsetof(Collective4, root) == 40 &&
              offsetof(Collective4, datatype) == 48 && offsetof(Collective4, channels) == 56 &&
              offsetof(Collective4, algorithm) == 64 && sizeof(Descriptor4) == 24 + 80);
static_assert(offsetof(PointToPoint4, peer) == 32 && offsetof(PointToPoint4, channels) == 36);
static_assert(offsetof(KernelChannel, gpu_timer) == 8);
static_assert(offsetof(ProxyOperation, peer) == 8 && offsetof(ProxyOperation, is_send) == 20);
static_assert(offsetof(Collective5, parent_group) == 80 && offsetof(PointToPoint5, parent_group) == 40 &&
              offsetof(CollectiveCall, stream) == 32 && offsetof(CollectiveCall, captured) == 40 &&
              offsetof(PointToPointCall, captured) == 32 && offsetof(Descriptor5, collective) == 24 &&
              sizeof(Descriptor5) == 24 + 88);
static_assert(sizeof(Plugin5) == 48 && sizeof(StateArguments) == 16 && sizeof(StateArguments4) == 8);

}  // namespace foldperf::collectors::nccl::abi

// Plain records, one struct a table of the run database that collectors fill (columns: docs/run-database.md).
//
// Times are int64 nanoseconds from ProcessInfo::start_utc_ns of the writing process. Texts are views: whoever hands a
// record on copies them (RunWriter::add does), so a collector may point into its own or the program's memory.
// Every record is trivially copyable, so that it can travel through a byte queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace foldperf::records {

// Nsight Systems' packing: pid in bits 24 to 47, thread in bits 0 to 23.
constexpr std::int64_t global_pid(std::int64_t pid) { return (pid & 0xFFFFFF) << 24; }
constexpr std::int64_t global_tid(std::int64_t pid, std::int64_t tid) { return global_pid(pid) | (tid & 0xFFFFFF); }
constexpr std::int64_t pid_of(std::int64_t global_id) { return (global_id >> 24) & 0xFFFFFF; }
constexpr std::int64_t tid_of(std::int64_t global_tid_value) { return global_tid_value & 0xFFFFFF; }

enum class Kind : std::uint8_t {
  nvtx_event,
  nvtx_domain,
  nvtx_category,
  nvtx_resource,
  thread_name,
  kernel,
  memcpy,
  memset,
  runtime,
  synchronization,
  graph_trace,
  gpu,
  cuda_device,
  communicator,
  collective,
  collector,
  kernel_name,
  api_name,
  range_stack,
  graph_node,
  graph,
  cuda_event,
  overhead,
  memory,
  environment,
  collective_channel,
  proxy_wait,
  host_sample,
  host_core,
  counter_sample,
  counter_window,
  window,
  clock,  // no record: what count_dropped() tells of the clocks
};
inline constexpr std::size_t kind_count = 33;

// Nsight Systems' numbers for NVTX_EVENTS.eventType.
enum class NvtxEventType : std::int32_t { mark = 34, push_pop = 59, start_end = 60 };

struct NvtxPayload {
  enum class Type : std::uint8_t { none, uint64, int64, float64, uint32, int32, float32 };
  Type type = Type::none;
  std::int64_t integer = 0;  // uint64 keeps its bits
  double real = 0;

  static constexpr NvtxPayload of_int64(std::int64_t value) { return {Type::int64, value, 0}; }
};

struct NvtxRecord {
  static constexpr Kind kind = Kind::nvtx_event;
  NvtxEventType event_type = NvtxEventType::push_pop;
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns;    // empty: a mark, or a range that never ended
  std::optional<std::int64_t> range_id;  // of start/end ranges
  std::int64_t domain_id = 0;            // 0: the default domain
  std::uint32_t category = 0;            // 0: none
  std::optional<std::uint32_t> color;    // ARGB
  std::string_view text;
  std::int64_t global_tid_start = 0;
  std::optional<std::int64_t> global_tid_end;  // of start/end ranges
  NvtxPayload payload;
  std::string_view json;                      // extended payload as JSON, or empty
  std::string_view binary;                    // extended payload that has no JSON form, or empty
  std::optional<std::int64_t> graph_node_id;  // of a workload fact told while a CUDA graph was captured
};

// domain_id 0 is the default domain, which needs no record.
struct NvtxDomainRecord {
  static constexpr Kind kind = Kind::nvtx_domain;
  std::int64_t domain_id = 0;
  std::string_view name;
};

struct NvtxCategoryRecord {
  static constexpr Kind kind = Kind::nvtx_category;
  std::int64_t domain_id = 0;
  std::uint32_t category = 0;
  std::string_view name;
};

struct NvtxResourceRecord {
  static constexpr Kind kind = Kind::nvtx_resource;
  std::int64_t domain_id = 0;
  std::int64_t identifier_type = 0;
  std::int64_t identifier = 0;
  std::string_view name;
};

struct ThreadNameRecord {
  static constexpr Kind kind = Kind::thread_name;
  std::int64_t global_tid = 0;
  std::string_view name;
  std::int64_t priority = 0;
};

// A kernel's mangled name, told once: the writer demangles it on its own thread. A key is never used for another name
// in a process.
struct KernelNameRecord {
  static constexpr Kind kind = Kind::kernel_name;
  std::uint32_t key = 0;
  bool keep_mangled = false;  // true: the mangled name is stored too
  std::string_view mangled;   // as the compiler wrote it, or a plain name (Triton's)
};

// The name of a function of the CUDA runtime or driver API. key: see api_name_key.
struct ApiNameRecord {
  static constexpr Kind kind = Kind::api_name;
  std::uint32_t key = 0;
  std::string_view name;
};
// domain: CUpti_CallbackDomain; cbid: the function's number in it.
constexpr std::uint32_t api_name_key(std::uint32_t domain, std::uint32_t cbid) {
  return domain << 24 | (cbid & 0xFFFFFF);
}

// Fields are as wide as CUPTI's: a run has millions of these.
struct KernelRecord {
  static constexpr Kind kind = Kind::kernel;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int64_t global_pid = 0;
  std::int64_t local_bytes_total = 0;
  std::uint32_t device_id = 0, context_id = 0, green_context_id = 0, stream_id = 0;
  std::uint32_t correlation_id = 0;
  std::uint32_t name_key = 0;  // of a KernelNameRecord
  std::int32_t launch_type = 0, cache_config = 0, registers_per_thread = 0;
  std::int32_t grid_x = 1, grid_y = 1, grid_z = 1, block_x = 1, block_y = 1, block_z = 1;
  std::uint32_t static_shared_bytes = 0, dynamic_shared_bytes = 0, local_bytes_per_thread = 0;
  std::uint32_t shared_executed_bytes = 0;
  std::int32_t shared_limit_config = 0;
  std::optional<std::uint32_t> graph_node_id;  // the collector's small number for CUDA's 64-bit node id
  std::optional<std::uint32_t> graph_id;
};

struct MemcpyRecord {
  static constexpr Kind kind = Kind::memcpy;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int64_t device_id = 0, context_id = 0, green_context_id = 0, stream_id = 0;
  std::int64_t correlation_id = 0;
  std::int64_t global_pid = 0;
  std::int64_t bytes = 0;
  std::int32_t copy_kind = 0, source_kind = 0, destination_kind = 0;
  std::optional<std::int64_t> source_device_id, source_context_id, destination_device_id, destination_context_id;
  std::optional<std::int64_t> graph_node_id, graph_id;
};

struct MemsetRecord {
  static constexpr Kind kind = Kind::memset;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int64_t device_id = 0, context_id = 0, green_context_id = 0, stream_id = 0;
  std::int64_t correlation_id = 0;
  std::int64_t global_pid = 0;
  std::int64_t value = 0, bytes = 0;
  std::optional<std::int64_t> graph_node_id, graph_id;
  std::int32_t memory_kind = 0;
};

// A call of the CUDA runtime or driver API.
struct RuntimeRecord {
  static constexpr Kind kind = Kind::runtime;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int32_t event_class = 0;
  std::int64_t global_tid = 0;
  std::int64_t correlation_id = 0;
  std::uint32_t name_key = 0;  // of an ApiNameRecord
  std::int32_t return_value = 0;
  std::optional<std::int64_t> callchain_id;
};

struct SynchronizationRecord {
  static constexpr Kind kind = Kind::synchronization;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int64_t device_id = 0, context_id = 0, green_context_id = 0, stream_id = 0;
  std::int64_t correlation_id = 0;
  std::int64_t global_pid = 0;
  std::int32_t sync_type = 0;
  std::optional<std::int64_t> event_sync_id, event_id;
};

// One launch of a whole CUDA graph.
struct GraphTraceRecord {
  static constexpr Kind kind = Kind::graph_trace;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int64_t device_id = 0, context_id = 0, green_context_id = 0, stream_id = 0;
  std::int64_t correlation_id = 0;
  std::int64_t global_pid = 0;
  std::int64_t graph_id = 0;
  std::optional<std::int64_t> graph_exec_id;
};

struct GpuRecord {
  static constexpr Kind kind = Kind::gpu;
  std::int64_t vm_id = 0, id = 0;
  std::string_view name, bus_location;
  bool is_discrete = true;
  std::int64_t l2_cache_bytes = 0, total_memory_bytes = 0, memory_bandwidth_bytes_s = 0, clock_rate_hz = 0;
  std::int32_t sm_count = 0;
  std::string_view uuid;
  std::int32_t cu_device = 0, compute_major = 0, compute_minor = 0;
};

// Which physical GPU a process means by its device number (CUDA_VISIBLE_DEVICES renumbers them).
struct CudaDeviceRecord {
  static constexpr Kind kind = Kind::cuda_device;
  std::int64_t gpu_id = 0, cuda_id = 0, pid = 0;
  std::string_view uuid;
  std::int32_t multiprocessors = 0;
};

// A communicator as this process knows it. Ranks that share one give the same `global_id` (NCCL's commId as text).
struct CommunicatorRecord {
  static constexpr Kind kind = Kind::communicator;
  std::int64_t communicator = 0;
  std::string_view global_id;  // empty: known to this process only
  std::string_view name;
  std::int64_t size = 0, rank_in_communicator = 0;
};

// A collective, or a point-to-point transfer of one (is_p2p). Host times; GPU times are of the GPU's own clock.
struct CollectiveRecord {
  static constexpr Kind kind = Kind::collective;
  std::int64_t id = 0;  // unlike for each collective of the process
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns;
  std::int64_t communicator = 0;  // of a CommunicatorRecord
  std::optional<std::int64_t> sequence_number;
  std::int64_t graph_replay = 0;  // how often (communicator, sequence_number) came before; 0: the first, or eager
  std::string_view operation;
  std::int64_t bytes = 0;
  std::string_view dtype, algorithm, protocol;
  std::optional<std::int64_t> channels, correlation_id;
  std::optional<std::int64_t> gpu_start, gpu_ns;  // gpu_start: globaltimer as the GPU told it, never a host's clock
  std::optional<std::int64_t> peer, root;
  bool is_p2p = false;
  std::optional<std::int64_t> enqueued_ns;  // when the host called or enqueued it
  std::optional<std::int64_t> global_tid;
  std::optional<std::int64_t> stack_id;  // of a RangeStackRecord
  bool again = false;                    // told before, without end: this row takes its place
};

// A node of the tree of NVTX ranges that were open at some moment of a thread: a stack is its innermost range.
struct RangeStackRecord {
  static constexpr Kind kind = Kind::range_stack;
  std::uint32_t id = 0;      // from 1
  std::uint32_t parent = 0;  // 0: none
  std::int64_t domain_id = 0;
  std::uint32_t category = 0;
  std::optional<std::int64_t> payload;
  std::string_view text;
};

// Numbers that CUPTI_ACTIVITY_KIND... events of graphs carry in eventClass.
enum class GraphEventClass : std::int32_t { created = 1, cloned = 2, destroyed = 3, instantiated = 4, guessed = 5 };

// A node of a CUDA graph was made, or cloned into an executable graph. Node ids are the collector's small numbers;
// raw_node is CUDA's.
struct GraphNodeRecord {
  static constexpr Kind kind = Kind::graph_node;
  std::int64_t at_ns = 0;
  std::int64_t node = 0;
  std::optional<std::int64_t> original_node;
  std::optional<std::int64_t> raw_node;
  std::uint32_t graph = 0;
  std::optional<std::uint32_t> original_graph;
  std::uint32_t stack = 0;  // of a RangeStackRecord; 0: no range was open, or unknown
  std::int32_t node_type = 0;
  GraphEventClass event_class = GraphEventClass::created;
  std::int64_t global_tid = 0;
};

struct GraphRecord {
  static constexpr Kind kind = Kind::graph;
  std::int64_t at_ns = 0;
  GraphEventClass event_class = GraphEventClass::created;
  std::int64_t global_tid = 0;
  std::uint32_t graph = 0;
  std::optional<std::uint32_t> original_graph, graph_exec;
};

struct CudaEventRecord {
  static constexpr Kind kind = Kind::cuda_event;
  std::int64_t device_id = 0, context_id = 0, stream_id = 0, correlation_id = 0;
  std::int64_t global_pid = 0;
  std::int64_t event_id = 0;
  std::optional<std::int64_t> event_sync_id, timestamp_ns;
};

// Time that CUPTI itself took.
struct OverheadRecord {
  static constexpr Kind kind = Kind::overhead;
  std::int64_t start_ns = 0, end_ns = 0;
  std::int32_t event_class = 0;
  std::int64_t global_tid = 0;
  std::optional<std::int64_t> correlation_id;
  std::string_view name;
  std::int32_t overhead_type = 0;  // CUpti_ActivityOverheadKind
};

struct MemoryRecord {
  static constexpr Kind kind = Kind::memory;
  std::int64_t at_ns = 0;
  std::string_view operation;  // "allocate", "free"
  std::int64_t address = 0, bytes = 0;
  std::optional<std::int64_t> pool_bytes, device_id, stream_id, correlation_id, global_tid;
  std::string_view name;
};

struct EnvironmentRecord {
  static constexpr Kind kind = Kind::environment;
  std::int64_t at_ns = 0, device_id = 0;
  std::optional<std::int64_t> sm_clock_mhz, memory_clock_mhz, throttle_reasons, power_mw, temperature_c, fan_percent;
};

// One channel of one collective; only at level `full`.
struct CollectiveChannelRecord {
  static constexpr Kind kind = Kind::collective_channel;
  std::int64_t collective = 0;  // CollectiveRecord::id
  std::int64_t channel = 0;
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns, gpu_start, gpu_end;
};

// What NCCL's proxy thread spent in one state, summed for a collective, channel and peer.
struct ProxyWaitRecord {
  static constexpr Kind kind = Kind::proxy_wait;
  std::int64_t collective = 0, channel = 0, peer = 0;
  bool is_send = false;
  std::string_view state;
  std::int64_t ns = 0, steps = 0;
};

// The machine and this process at one moment. Counters are since the process' or the machine's start.
struct HostSampleRecord {
  static constexpr Kind kind = Kind::host_sample;
  std::int64_t at_ns = 0;
  std::optional<std::int64_t> process_cpu_ns, system_cpu_permille, run_queue;
  std::optional<std::int64_t> pressure_cpu_permille, pressure_io_permille, pressure_memory_permille;
  std::optional<std::int64_t> page_cache_bytes, voluntary_switches, involuntary_switches, rss_bytes;
  std::optional<std::int64_t> others_on_our_cores_permille;
};

struct HostCoreRecord {
  static constexpr Kind kind = Kind::host_core;
  std::int64_t at_ns = 0, core = 0;
  std::optional<std::int64_t> busy_permille, ours_permille;
};

struct CounterSampleRecord {
  static constexpr Kind kind = Kind::counter_sample;
  std::int64_t at_ns = 0, device_id = 0;
  std::string_view metric;
  double value = 0;
};

struct CounterWindowRecord {
  static constexpr Kind kind = Kind::counter_window;
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns, interval_ns;
  std::string_view state;
};

// A time in which events were recorded; none at all: always.
struct WindowRecord {
  static constexpr Kind kind = Kind::window;
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns;
  std::string_view reason;  // "start", "steps", "after", "range", "control"
};

// What a collector ("nvtx", "cupti", "nccl") can do in this process; a later record of the same name replaces it.
struct CollectorRecord {
  static constexpr Kind kind = Kind::collector;
  std::string_view name;
  std::string_view state;   // "on", "off", "failed"
  std::string_view detail;  // why
};

}  // namespace foldperf::records

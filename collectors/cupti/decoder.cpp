#include "collectors/cupti/decoder.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

#include "collectors/cupti/api_filter.hpp"
#include "collectors/names/text.hpp"
#include "collectors/session/node_numbers.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

// CUPTI's newest records and those of CUDA 12 agree on what is read here.
using Kernel = CUpti_ActivityKernel10;
static_assert(offsetof(Kernel, start) == offsetof(CUpti_ActivityKernel9, start));
static_assert(offsetof(Kernel, gridX) == offsetof(CUpti_ActivityKernel9, gridX));
static_assert(offsetof(Kernel, correlationId) == offsetof(CUpti_ActivityKernel9, correlationId));
static_assert(offsetof(Kernel, name) == offsetof(CUpti_ActivityKernel9, name));
static_assert(offsetof(Kernel, graphNodeId) == offsetof(CUpti_ActivityKernel9, graphNodeId));
static_assert(offsetof(Kernel, graphId) == offsetof(CUpti_ActivityKernel9, graphId));

// Numbers of Nsight Systems' eventClass for calls of the two APIs.
constexpr std::int32_t runtime_class = 1;
constexpr std::int32_t driver_class = 0;

template <class Record>
const Record& as(const CUpti_Activity& activity) {
  return reinterpret_cast<const Record&>(activity);
}

std::int64_t wide(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::optional<std::int64_t> known(std::uint32_t id) {
  if (id == 0) return std::nullopt;
  return id;
}

std::optional<std::int64_t> node_number(std::uint64_t node) { return known(NodeNumbers::instance().of(node)); }

// "GPU-…" or "MIG-…" as nvidia-smi writes it.
std::string uuid_text(const CUuuid& uuid) {
  std::string text = "GPU-";
  char digits[3];
  for (std::size_t i = 0; i < sizeof(uuid.bytes); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(static_cast<unsigned char>(uuid.bytes[i])));
    text += digits;
  }
  return text;
}

const char* overhead_name(CUpti_ActivityOverheadKind kind) {
  switch (kind) {
    case CUPTI_ACTIVITY_OVERHEAD_DRIVER_COMPILER:
      return "driver compiles";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH:
      return "CUPTI hands over a buffer";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_INSTRUMENTATION:
      return "CUPTI instruments";
    case CUPTI_ACTIVITY_OVERHEAD_CUPTI_RESOURCE:
      return "CUPTI makes or frees its resources";
    case CUPTI_ACTIVITY_OVERHEAD_RUNTIME_TRIGGERED_MODULE_LOADING:
      return "a module is loaded at its first use";
    default:
      return "other";
  }
}

template <class Source, class Record>
void place(const Source& from, Record& to) {
  to.device_id = from.deviceId;
  to.context_id = from.contextId;
  to.stream_id = from.streamId;
  to.correlation_id = from.correlationId;
}

}  // namespace

Decoder::Decoder(const CuptiApi& api, Level level, RecordingWindows* windows)
    : api_(api), level_(level), windows_(windows) {}

template <class Times>
bool Decoder::keep(const Times& record, records::Kind kind, Writer& writer, const TimeBase& time) {
  if (record.start == 0 || record.end < record.start) {
    writer.count_dropped(kind, "CUPTI gave no times", 1);
    return false;
  }
  return !limited_ || windows_->holds(time.from_utc(wide(record.start)) + time.start_mono_ns);
}

void Decoder::decode(std::uint8_t* data, std::size_t valid_bytes, Writer& writer, const TimeBase& time) {
  global_pid_ = records::global_pid(getpid());
  names_.next_buffer();
  limited_ = windows_ != nullptr && windows_->any();
  CUpti_Activity* activity = nullptr;
  while (api_.ActivityGetNextRecord(data, valid_bytes, &activity) == CUPTI_SUCCESS && activity != nullptr) {
    one(*activity, writer, time);
  }
}

void Decoder::one(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  switch (activity.kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_KERNEL:
      return kernel(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      return copy(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_MEMCPY2:
      return peer_copy(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_MEMSET:
      return set(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      return api_call(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_GRAPH_TRACE:
      return graph(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_SYNCHRONIZATION:
      return synchronization(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_OVERHEAD:
      return overhead(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_CUDA_EVENT:
      return event(activity, writer);
    case CUPTI_ACTIVITY_KIND_MEMORY2:
      return memory(activity, writer, time);
    case CUPTI_ACTIVITY_KIND_DEVICE:
      return device(activity, writer);
    default:
      // MIG instances, contexts and streams come with DEVICE: known, and of no use.
      if (activity.kind > CUPTI_ACTIVITY_KIND_COUNT) {
        writer.count_dropped(records::Kind::collector, "CUPTI told of a kind of activity that is unknown here", 1);
      }
  }
}

void Decoder::kernel(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<Kernel>(activity);
  if (!keep(from, records::Kind::kernel, writer, time)) return;
  const KernelNames::Found name = names_.of(from.name);
  if (name.is_new) {
    records::KernelNameRecord told;
    told.key = name.key;
    told.keep_mangled = level_ == Level::full;
    const std::string valid = valid_utf8(from.name == nullptr ? "unknown" : from.name);
    told.mangled = valid;
    writer.add(told);
  }
  records::KernelRecord to;
  place(from, to);
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_pid = global_pid_;
  to.name_key = name.key;
  to.launch_type = from.launchType;
  to.cache_config = from.cacheConfig.both;
  to.registers_per_thread = from.registersPerThread;
  to.grid_x = from.gridX;
  to.grid_y = from.gridY;
  to.grid_z = from.gridZ;
  to.block_x = from.blockX;
  to.block_y = from.blockY;
  to.block_z = from.blockZ;
  to.static_shared_bytes = static_cast<std::uint32_t>(from.staticSharedMemory);
  to.dynamic_shared_bytes = static_cast<std::uint32_t>(from.dynamicSharedMemory);
  to.local_bytes_per_thread = from.localMemoryPerThread;
  // What the driver sets aside for all kernels alike is none of this one's.
  if (from.localMemoryPerThread != 0) to.local_bytes_total = from.localMemoryTotal;
  to.shared_executed_bytes = from.sharedMemoryExecuted;
  to.shared_limit_config = static_cast<std::int32_t>(from.shmemLimitConfig);
  if (from.graphNodeId != 0) {
    to.graph_node_id = NodeNumbers::instance().of(from.graphNodeId);
    to.graph_id = from.graphId;
  }
  writer.add(to);
}

void Decoder::copy(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityMemcpy6>(activity);
  if (!keep(from, records::Kind::memcpy, writer, time)) return;
  records::MemcpyRecord to;
  place(from, to);
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_pid = global_pid_;
  to.bytes = wide(from.bytes);
  to.copy_kind = from.copyKind;
  to.source_kind = from.srcKind;
  to.destination_kind = from.dstKind;
  to.graph_node_id = node_number(from.graphNodeId);
  if (from.graphNodeId != 0) to.graph_id = from.graphId;
  writer.add(to);
}

void Decoder::peer_copy(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityMemcpyPtoP4>(activity);
  if (!keep(from, records::Kind::memcpy, writer, time)) return;
  records::MemcpyRecord to;
  place(from, to);
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_pid = global_pid_;
  to.bytes = wide(from.bytes);
  to.copy_kind = from.copyKind;
  to.source_kind = from.srcKind;
  to.destination_kind = from.dstKind;
  to.source_device_id = from.srcDeviceId;
  to.source_context_id = from.srcContextId;
  to.destination_device_id = from.dstDeviceId;
  to.destination_context_id = from.dstContextId;
  to.graph_node_id = node_number(from.graphNodeId);
  if (from.graphNodeId != 0) to.graph_id = from.graphId;
  writer.add(to);
}

void Decoder::set(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityMemset4>(activity);
  if (!keep(from, records::Kind::memset, writer, time)) return;
  records::MemsetRecord to;
  place(from, to);
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_pid = global_pid_;
  to.value = from.value;
  to.bytes = wide(from.bytes);
  to.memory_kind = from.memoryKind;
  to.graph_node_id = node_number(from.graphNodeId);
  if (from.graphNodeId != 0) to.graph_id = from.graphId;
  writer.add(to);
}

void Decoder::api_call(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityAPI>(activity);
  if (!keep(from, records::Kind::runtime, writer, time)) return;
  const bool runtime = from.kind == CUPTI_ACTIVITY_KIND_RUNTIME;
  const CUpti_CallbackDomain domain = runtime ? CUPTI_CB_DOMAIN_RUNTIME_API : CUPTI_CB_DOMAIN_DRIVER_API;
  const std::uint32_t key = records::api_name_key(domain, from.cbid);
  if (api_names_told_.insert(key).second) {
    const char* name = nullptr;
    api_.GetCallbackName(domain, from.cbid, &name);
    records::ApiNameRecord told;
    told.key = key;
    told.name = without_version(name == nullptr ? "unknown" : name);
    writer.add(told);
  }
  records::RuntimeRecord to;
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.event_class = runtime ? runtime_class : driver_class;
  to.global_tid = records::global_tid(from.processId, from.threadId);
  to.correlation_id = from.correlationId;
  to.name_key = key;
  to.return_value = static_cast<std::int32_t>(from.returnValue);
  writer.add(to);
}

void Decoder::graph(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityGraphTrace2>(activity);
  if (!keep(from, records::Kind::graph_trace, writer, time)) return;
  records::GraphTraceRecord to;
  place(from, to);
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_pid = global_pid_;
  to.graph_id = from.graphId;
  writer.add(to);
}

void Decoder::synchronization(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivitySynchronization2>(activity);
  if (!keep(from, records::Kind::synchronization, writer, time)) return;
  records::SynchronizationRecord to;
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.context_id = from.contextId;
  to.stream_id = from.streamId == CUPTI_SYNCHRONIZATION_INVALID_VALUE ? -1 : std::int64_t{from.streamId};
  to.correlation_id = from.correlationId;
  to.global_pid = global_pid_;
  to.sync_type = static_cast<std::int32_t>(from.type);
  if (from.cudaEventId != CUPTI_SYNCHRONIZATION_INVALID_VALUE) to.event_id = from.cudaEventId;
  writer.add(to);
}

void Decoder::overhead(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityOverhead3>(activity);
  if (!keep(from, records::Kind::overhead, writer, time)) return;
  records::OverheadRecord to;
  to.start_ns = time.from_utc(wide(from.start));
  to.end_ns = time.from_utc(wide(from.end));
  to.global_tid = from.objectKind == CUPTI_ACTIVITY_OBJECT_THREAD
                      ? records::global_tid(from.objectId.pt.processId, from.objectId.pt.threadId)
                      : global_pid_;
  to.name = overhead_name(from.overheadKind);
  to.overhead_type = static_cast<std::int32_t>(from.overheadKind);
  writer.add(to);
}

void Decoder::event(const CUpti_Activity& activity, Writer& writer) {
  const auto& from = as<CUpti_ActivityCudaEvent2>(activity);
  records::CudaEventRecord to;
  to.context_id = from.contextId;
  to.stream_id = from.streamId;
  to.correlation_id = from.correlationId;
  to.global_pid = global_pid_;
  to.event_id = from.eventId;
  writer.add(to);
}

void Decoder::memory(const CUpti_Activity& activity, Writer& writer, const TimeBase& time) {
  const auto& from = as<CUpti_ActivityMemory4>(activity);
  records::MemoryRecord to;
  to.at_ns = time.from_utc(wide(from.timestamp));
  to.operation = from.memoryOperationType == CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION ? "allocate" : "free";
  to.address = wide(from.address);
  to.bytes = wide(from.bytes);
  to.device_id = from.deviceId;
  if (from.isAsync != 0) to.stream_id = from.streamId;
  to.correlation_id = from.correlationId;
  writer.add(to);
}

void Decoder::device(const CUpti_Activity& activity, Writer& writer) {
  const auto& from = as<CUpti_ActivityDevice5>(activity);
  const std::string name = valid_utf8(from.name == nullptr ? "" : from.name);
  const std::string uuid = uuid_text(from.uuid);
  records::GpuRecord gpu;
  gpu.id = from.id;
  gpu.name = name;
  gpu.l2_cache_bytes = from.l2CacheSize;
  gpu.total_memory_bytes = wide(from.globalMemorySize);
  gpu.memory_bandwidth_bytes_s = wide(from.globalMemoryBandwidth) * 1000;  // kB/s
  gpu.clock_rate_hz = std::int64_t{from.coreClockRate} * 1000;             // kHz
  gpu.sm_count = static_cast<std::int32_t>(from.numMultiprocessors);
  gpu.uuid = uuid;
  gpu.cu_device = static_cast<std::int32_t>(from.id);
  gpu.compute_major = static_cast<std::int32_t>(from.computeCapabilityMajor);
  gpu.compute_minor = static_cast<std::int32_t>(from.computeCapabilityMinor);
  writer.add(gpu);
  records::CudaDeviceRecord device;
  device.gpu_id = from.id;
  device.cuda_id = from.id;
  device.pid = getpid();
  device.uuid = uuid;
  device.multiprocessors = gpu.sm_count;
  writer.add(device);
}

}  // namespace foldperf::collectors

// The rows of CUDA's activity records, under Nsight Systems' columns.
#include "core/database/record_tables.hpp"

namespace foldperf::database {

void RecordTables::insert(const records::KernelRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_KERNEL";
  Row out =
      row(table,
          "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,demangledName,"
          "shortName,mangledName,launchType,cacheConfig,registersPerThread,gridX,gridY,gridZ,blockX,blockY,blockZ,"
          "staticSharedMemory,dynamicSharedMemory,localMemoryPerThread,localMemoryTotal,"
          "sharedMemoryExecuted,graphNodeId,graphId,sharedMemoryLimitConfig,rank");
  out << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
      << r.global_pid;
  const NameKeys::KernelName name = names_.kernel(r.name_key);
  out << name.demangled << name.short_name << name.mangled;
  out << r.launch_type << r.cache_config << r.registers_per_thread << r.grid_x << r.grid_y << r.grid_z << r.block_x
      << r.block_y << r.block_z << r.static_shared_bytes << r.dynamic_shared_bytes << r.local_bytes_per_thread
      << r.local_bytes_total << r.shared_executed_bytes << r.graph_node_id << r.graph_id << r.shared_limit_config
      << rank_;
  out.write();
}

void RecordTables::insert(const records::MemcpyRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_MEMCPY";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,bytes,copyKind,srcKind,"
       "dstKind,"
       "srcDeviceId,srcContextId,dstDeviceId,dstContextId,graphNodeId,graphId,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.bytes << r.copy_kind << r.source_kind << r.destination_kind << r.source_device_id
   << r.source_context_id << r.destination_device_id << r.destination_context_id << r.graph_node_id << r.graph_id
   << rank_)
      .write();
}

void RecordTables::insert(const records::MemsetRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_MEMSET";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,value,bytes,graphNodeId,"
       "graphId,memKind,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.value << r.bytes << r.graph_node_id << r.graph_id << r.memory_kind << rank_)
      .write();
}

void RecordTables::insert(const records::RuntimeRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_RUNTIME";
  Row out = row(table, "start,\"end\",eventClass,globalTid,correlationId,nameId,returnValue,callchainId,rank");
  out << r.start_ns << r.end_ns << r.event_class << r.global_tid << r.correlation_id;
  out << names_.api(r.name_key) << r.return_value << r.callchain_id << rank_;
  out.write();
}

void RecordTables::insert(const records::SynchronizationRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,syncType,eventSyncId,eventId,"
       "rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.sync_type << r.event_sync_id << r.event_id << rank_)
      .write();
}

void RecordTables::insert(const records::GraphTraceRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_GRAPH_TRACE";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,graphId,graphExecId,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.graph_id << r.graph_exec_id << rank_)
      .write();
}

void RecordTables::insert(const records::GpuRecord& r) {
  static constexpr const char* table = "TARGET_INFO_GPU";
  (row(table,
       "vmId,id,name,busLocation,isDiscrete,l2CacheSize,totalMemory,memoryBandwidth,clockRate,smCount,uuid,cuDevice,"
       "computeMajor,computeMinor,rank")
   << r.vm_id << r.id << r.name << r.bus_location << std::int64_t{r.is_discrete} << r.l2_cache_bytes
   << r.total_memory_bytes << r.memory_bandwidth_bytes_s << r.clock_rate_hz << r.sm_count << r.uuid << r.cu_device
   << r.compute_major << r.compute_minor << rank_)
      .write();
}

void RecordTables::insert(const records::CudaDeviceRecord& r) {
  static constexpr const char* table = "TARGET_INFO_CUDA_DEVICE";
  (row(table, "gpuId,cudaId,pid,uuid,numMultiprocessors,rank")
   << r.gpu_id << r.cuda_id << r.pid << r.uuid << r.multiprocessors << rank_)
      .write();
}

void RecordTables::insert(const records::KernelNameRecord& r) { names_.add_kernel(r, strings_); }
void RecordTables::insert(const records::ApiNameRecord& r) { names_.add_api(r, strings_); }

void RecordTables::insert(const records::GraphNodeRecord& r) {
  static constexpr const char* table = "CUDA_GRAPH_NODE_EVENTS";
  (row(table,
       "start,\"end\",eventClass,globalTid,graphNodeId,originalGraphNodeId,graphId,originalGraphId,nodeType,stackId,"
       "raw_graphNodeId,rank")
   << r.at_ns << r.at_ns << static_cast<std::int32_t>(r.event_class) << r.global_tid << r.node << r.original_node
   << r.graph << r.original_graph << r.node_type
   << (r.stack ? std::optional<std::uint32_t>(r.stack) : std::optional<std::uint32_t>()) << r.raw_node << rank_)
      .write();
}

void RecordTables::insert(const records::GraphRecord& r) {
  static constexpr const char* table = "CUDA_GRAPH_EVENTS";
  (row(table, "start,\"end\",eventClass,globalTid,graphId,originalGraphId,graphExecId,rank")
   << r.at_ns << r.at_ns << static_cast<std::int32_t>(r.event_class) << r.global_tid << r.graph << r.original_graph
   << r.graph_exec << rank_)
      .write();
}

void RecordTables::insert(const records::CudaEventRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_CUDA_EVENT";
  (row(table, "deviceId,contextId,streamId,correlationId,globalPid,eventId,eventSyncId,timestamp,rank")
   << r.device_id << r.context_id << r.stream_id << r.correlation_id << r.global_pid << r.event_id << r.event_sync_id
   << r.timestamp_ns << rank_)
      .write();
}

void RecordTables::insert(const records::OverheadRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_OVERHEAD";
  Row out = row(table, "start,\"end\",eventClass,globalTid,correlationId,nameId,overheadType,rank");
  out << r.start_ns << r.end_ns << r.event_class << r.global_tid << r.correlation_id;
  out.name(r.name) << r.overhead_type << rank_;
  out.write();
}

void RecordTables::insert(const records::MemoryRecord& r) {
  static constexpr const char* table = "memory_events";
  Row out = row(table, "at,kind,address,bytes,poolSize,deviceId,streamId,correlationId,globalTid,nameId,rank");
  out << r.at_ns << r.operation << r.address << r.bytes << r.pool_bytes << r.device_id << r.stream_id
      << r.correlation_id << r.global_tid;
  out.name(r.name) << rank_;
  out.write();
}

void RecordTables::insert(const records::EnvironmentRecord& r) {
  static constexpr const char* table = "environment";
  (row(table, "at,deviceId,sm_clock_mhz,memory_clock_mhz,throttle_reasons,power_mw,temperature_c,fan_percent,rank")
   << r.at_ns << r.device_id << r.sm_clock_mhz << r.memory_clock_mhz << r.throttle_reasons << r.power_mw
   << r.temperature_c << r.fan_percent << rank_)
      .write();
}

void RecordTables::insert(const records::CounterSampleRecord& r) {
  static constexpr const char* table = "counter_samples";
  (row(table, "at,deviceId,metric,value,rank") << r.at_ns << r.device_id << r.metric << r.value << rank_).write();
}

void RecordTables::insert(const records::CounterWindowRecord& r) {
  static constexpr const char* table = "counter_windows";
  (row(table, "start,\"end\",interval_ns,state,rank") << r.start_ns << r.end_ns << r.interval_ns << r.state << rank_)
      .write();
}

}  // namespace foldperf::database

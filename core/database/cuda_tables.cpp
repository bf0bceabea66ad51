// The rows of CUDA's activity records, under Nsight Systems' columns.
#include "core/database/record_tables.hpp"

namespace foldperf::database {

void RecordTables::insert(const records::KernelRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_KERNEL";
  Row out =
      row(table,
          "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,demangledName,"
          "shortName,mangledName,launchType,cacheConfig,registersPerThread,gridX,gridY,gridZ,blockX,blockY,blockZ,"
          "staticSharedMemory,dynamicSharedMemory,localMemoryPerThread,localMemoryTotal,gridId,"
          "sharedMemoryExecuted,graphNodeId,graphId,sharedMemoryLimitConfig,rank");
  out << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
      << r.global_pid;
  out.name(r.demangled_name).name(r.short_name).name(r.mangled_name);
  out << r.launch_type << r.cache_config << r.registers_per_thread << r.grid_x << r.grid_y << r.grid_z << r.block_x
      << r.block_y << r.block_z << r.static_shared_bytes << r.dynamic_shared_bytes << r.local_bytes_per_thread
      << r.local_bytes_total << r.grid_id << r.shared_executed_bytes << r.graph_node_id << r.graph_id
      << r.shared_limit_config << rank_;
  out.write();
}

void RecordTables::insert(const records::MemcpyRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_MEMCPY";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,bytes,copyKind,srcKind,"
       "dstKind,"
       "srcDeviceId,srcContextId,dstDeviceId,dstContextId,graphNodeId,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.bytes << r.copy_kind << r.source_kind << r.destination_kind << r.source_device_id
   << r.source_context_id << r.destination_device_id << r.destination_context_id << r.graph_node_id << rank_)
      .write();
}

void RecordTables::insert(const records::MemsetRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_MEMSET";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,value,bytes,graphNodeId,"
       "memKind,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.value << r.bytes << r.graph_node_id << r.memory_kind << rank_)
      .write();
}

void RecordTables::insert(const records::RuntimeRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_RUNTIME";
  Row out = row(table, "start,\"end\",eventClass,globalTid,correlationId,nameId,returnValue,callchainId,rank");
  out << r.start_ns << r.end_ns << r.event_class << r.global_tid << r.correlation_id;
  out.name(r.name) << r.return_value << r.callchain_id << rank_;
  out.write();
}

void RecordTables::insert(const records::SynchronizationRecord& r) {
  static constexpr const char* table = "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION";
  (row(table,
       "start,\"end\",deviceId,contextId,greenContextId,streamId,correlationId,globalPid,syncType,eventSyncId,rank")
   << r.start_ns << r.end_ns << r.device_id << r.context_id << r.green_context_id << r.stream_id << r.correlation_id
   << r.global_pid << r.sync_type << r.event_sync_id << rank_)
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

}  // namespace foldperf::database

// The rows of communication, of the host and of stacks of ranges.
#include <string>

#include "core/database/record_tables.hpp"

namespace foldperf::database {

void RecordTables::insert(const records::CommunicatorRecord& r) {
  static constexpr const char* table = "communicators";
  (row(table, "rank,communicator,global_id,name,size,rank_in_communicator")
   << rank_ << r.communicator << r.global_id << r.name << r.size << r.rank_in_communicator)
      .write();
}

void RecordTables::insert(const records::CollectiveRecord& r) {
  static constexpr const char* table = "collectives";
  if (r.again) connection_.exec("DELETE FROM collectives WHERE \"end\" IS NULL AND id = " + std::to_string(r.id));
  (row(table,
       "rank,id,start,\"end\",communicator,sequence_number,graph_replay,operation,bytes,dtype,algorithm,protocol,"
       "channels,correlationId,gpu_start,gpu_ns,peer,root,is_p2p,enqueued,globalTid,stackId")
   << rank_ << (r.id ? std::optional<std::int64_t>(r.id) : std::nullopt) << r.start_ns << r.end_ns << r.communicator
   << r.sequence_number << r.graph_replay << r.operation << r.bytes << r.dtype << r.algorithm << r.protocol
   << r.channels << r.correlation_id << r.gpu_start << r.gpu_ns << r.peer << r.root << r.is_p2p << r.enqueued_ns
   << r.global_tid << r.stack_id)
      .write();
}

void RecordTables::insert(const records::CollectiveChannelRecord& r) {
  static constexpr const char* table = "collective_channels";
  (row(table, "rank,collective,channel,start,\"end\",gpu_start,gpu_end")
   << rank_ << r.collective << r.channel << r.start_ns << r.end_ns << r.gpu_start << r.gpu_end)
      .write();
}

void RecordTables::insert(const records::ProxyWaitRecord& r) {
  static constexpr const char* table = "proxy_waits";
  (row(table, "rank,collective,channel,peer,is_send,state,ns,steps")
   << rank_ << r.collective << r.channel << r.peer << r.is_send << r.state << r.ns << r.steps)
      .write();
}

void RecordTables::insert(const records::HostSampleRecord& r) {
  static constexpr const char* table = "host_samples";
  (row(table,
       "rank,at,process_cpu_ns,system_cpu_permille,run_queue,pressure_cpu_permille,pressure_io_permille,"
       "pressure_memory_permille,page_cache_bytes,voluntary_switches,involuntary_switches,rss_bytes,"
       "others_on_our_cores_permille")
   << rank_ << r.at_ns << r.process_cpu_ns << r.system_cpu_permille << r.run_queue << r.pressure_cpu_permille
   << r.pressure_io_permille << r.pressure_memory_permille << r.page_cache_bytes << r.voluntary_switches
   << r.involuntary_switches << r.rss_bytes << r.others_on_our_cores_permille)
      .write();
}

void RecordTables::insert(const records::HostCoreRecord& r) {
  static constexpr const char* table = "host_cores";
  (row(table, "rank,at,core,busy_permille,ours_permille")
   << rank_ << r.at_ns << r.core << r.busy_permille << r.ours_permille)
      .write();
}

void RecordTables::insert(const records::WindowRecord& r) {
  static constexpr const char* table = "windows";
  // A window is told when it begins, and again when its end is known, before any later one.
  connection_.exec(
      "DELETE FROM windows WHERE rowid = (SELECT max(rowid) FROM windows WHERE reason <> 'last') AND start = " +
      std::to_string(r.start_ns));
  (row(table, "rank,start,\"end\",reason") << rank_ << r.start_ns << r.end_ns << r.reason).write();
}

void RecordTables::insert(const records::RangeStackRecord& r) {
  static constexpr const char* table = "range_stacks";
  using Optional = std::optional<std::int64_t>;
  Row out = row(table, "rank,id,parent,domainId,category,int64Value,textId");
  out << rank_ << r.id << (r.parent ? Optional(r.parent) : Optional()) << r.domain_id
      << (r.category ? Optional(r.category) : Optional()) << r.payload;
  out.name(r.text);
  out.write();
}

}  // namespace foldperf::database

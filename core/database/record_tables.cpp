#include "core/database/record_tables.hpp"

#include <algorithm>

#include "core/facts/conventions.hpp"

namespace foldperf::database {
namespace {

constexpr std::size_t interned_text_limit = 1024;  // longer texts are seldom told twice

using Optional = std::optional<std::int64_t>;

}  // namespace

RecordTables::RecordTables(sqlite::Connection& connection, int rank)
    : connection_(connection), rank_(rank), strings_(connection) {}

void RecordTables::begin() { connection_.exec("BEGIN IMMEDIATE"); }

void RecordTables::commit() {
  connection_.exec("COMMIT");
  strings_.commit();
  names_.commit();
}

void RecordTables::roll_back() noexcept {
  strings_.forget_uncommitted();
  names_.forget_uncommitted();
  try {
    connection_.exec("ROLLBACK");
  } catch (const sqlite::SqliteError&) {
    // SQLite has rolled back by itself (disk full): there is no transaction any more.
  }
}

Row RecordTables::row(const char* table, const char* columns, const char* verb) {
  auto found = statements_.find(table);
  if (found == statements_.end()) {
    const std::string_view list(columns);
    const auto commas = std::count(list.begin(), list.end(), ',');
    std::string sql = std::string(verb) + " INTO " + table + "(" + columns + ") VALUES(?";
    for (auto i = commas; i > 0; --i) sql += ",?";
    found = statements_.emplace(table, sqlite::Statement(connection_, sql + ")")).first;
  }
  return Row(strings_, found->second);
}

void RecordTables::insert_nvtx(const char* table, const records::NvtxRecord& r, bool intern) {
  using Type = records::NvtxPayload::Type;
  const auto integer = [&](Type type) { return r.payload.type == type ? Optional(r.payload.integer) : Optional(); };
  Row out =
      row(table,
          "start,\"end\",eventType,rangeId,category,color,text,textId,globalTid,endGlobalTid,domainId,uint64Value,"
          "int64Value,doubleValue,uint32Value,int32Value,floatValue,jsonText,binaryData,rank");
  out << r.start_ns << r.end_ns << static_cast<std::int32_t>(r.event_type) << r.range_id
      << (r.category ? Optional(r.category) : Optional()) << (r.color ? Optional(*r.color) : Optional());
  if (intern && r.text.size() <= interned_text_limit) {
    out << std::string_view();
    out.name(r.text);
  } else {
    out << r.text << Optional();
  }
  out << r.global_tid_start << r.global_tid_end << r.domain_id << integer(Type::uint64) << integer(Type::int64);
  r.payload.type == Type::float64 ? out << r.payload.real : out << Optional();
  out << integer(Type::uint32) << integer(Type::int32);
  r.payload.type == Type::float32 ? out << r.payload.real : out << Optional();
  out << r.json;
  out.blob(r.binary);
  out << rank_;
  out.write();
}

void RecordTables::insert(const records::NvtxRecord& r) {
  static constexpr const char* table = "NVTX_EVENTS";
  const std::string_view fact = fact_text(r);
  insert_nvtx(table, r, fact.empty());  // every fact's text is another
  if (!fact.empty()) insert_fact(r, fact);
}

// The JSON of a mark that tells a fact, whatever its category is called or numbered (Python's nvtx numbers categories
// by first use). A program that knows no domains (torch.cuda.nvtx) tells facts in the default one, behind a prefix.
std::string_view RecordTables::fact_text(const records::NvtxRecord& r) const {
  if (r.event_type != records::NvtxEventType::mark) return {};
  std::string_view text = r.text;
  if (r.domain_id == 0 && text.starts_with(facts::default_domain_prefix)) {
    text.remove_prefix(facts::default_domain_prefix.size());
  } else if (!fact_domains_.contains(r.domain_id)) {
    return {};
  }
  return text.starts_with('{') ? text : std::string_view();
}

void RecordTables::clear_open_ranges() { connection_.exec("DELETE FROM nvtx_open"); }
void RecordTables::insert_open_range(const records::NvtxRecord& record) {
  static constexpr const char* table = "nvtx_open";
  insert_nvtx(table, record, false);
}

void RecordTables::insert_fact(const records::NvtxRecord& r, std::string_view text) {
  const auto fact = facts::parse_fact(text);
  if (fact) insert_fact_row(r, *fact);
}

void RecordTables::insert_fact_row(const records::NvtxRecord& r, const facts::Fact& fact) {
  const std::int64_t at = r.start_ns;
  if (const auto* step = std::get_if<facts::StepFact>(&fact)) {
    static constexpr const char* table = "steps";
    (row(table, "rank,step,at,samples") << rank_ << step->step << at << step->samples).write();
  } else if (const auto* metric = std::get_if<facts::MetricFact>(&fact)) {
    static constexpr const char* table = "metrics";
    (row(table, "rank,step,at,name,value,split,chain")
     << rank_ << metric->step << at << metric->name << metric->value << metric->split << metric->chain)
        .write();
  } else if (const auto* batch = std::get_if<facts::BatchFact>(&fact)) {
    static constexpr const char* table = "batches";
    std::int64_t total = 0;
    for (const auto& [stage, time_ns] : batch->preparation_ns) {
      if (__builtin_add_overflow(total, time_ns, &total)) break;  // a program may tell nonsense
    }
    const std::string json = facts::stages_to_json(batch->preparation_ns);
    (row(table, "rank,step,at,chain,length,crop,alignment_depth,preparation_ns,preparation_json,queue_wait_ns")
     << rank_ << batch->step << at << batch->chain << batch->length << batch->crop << batch->alignment_depth << total
     << json << batch->queue_wait_ns)
        .write();
  } else if (const auto* workload = std::get_if<facts::WorkloadFact>(&fact)) {
    static constexpr const char* table = "workloads";
    std::string shape = "[";
    for (const auto extent : workload->shape) shape += (shape.size() > 1 ? "," : "") + std::to_string(extent);
    shape += "]";
    (row(table, "rank,at,globalTid,kernel,shape,dtype,bytes,flops,exponentials,configuration,chosen,graphNodeId")
     << rank_ << at << r.global_tid_start << workload->kernel << shape << workload->dtype << workload->bytes
     << workload->flops << workload->exponentials << workload->configuration << workload->chosen << r.graph_node_id)
        .write();
  }
}

void RecordTables::insert(const records::NvtxDomainRecord& r) {
  static constexpr const char* table = "NvtxDomains";
  if (r.name == facts::domain_name) fact_domains_.insert(r.domain_id);
  (row(table, "rank,domainId,nameId", "INSERT OR REPLACE") << rank_ << r.domain_id).name(r.name).write();
}
void RecordTables::insert(const records::NvtxCategoryRecord& r) {
  static constexpr const char* table = "NvtxCategories";
  (row(table, "rank,domainId,category,nameId", "INSERT OR REPLACE") << rank_ << r.domain_id << std::int64_t{r.category})
      .name(r.name)
      .write();
}
void RecordTables::insert(const records::NvtxResourceRecord& r) {
  static constexpr const char* table = "NvtxResources";
  (row(table, "rank,domainId,identifierType,identifier,nameId")
   << rank_ << r.domain_id << r.identifier_type << r.identifier)
      .name(r.name)
      .write();
}
void RecordTables::insert(const records::ThreadNameRecord& r) {
  static constexpr const char* table = "ThreadNames";
  ((row(table, "rank,globalTid,nameId,priority") << rank_ << r.global_tid).name(r.name) << r.priority).write();
}

void RecordTables::insert(const records::CollectorRecord& r) {
  static constexpr const char* table = "collectors";
  sqlite::Statement forget(connection_, "DELETE FROM collectors WHERE name=?1");
  forget.bind(1, r.name.empty() ? std::string_view("unknown") : r.name);
  forget.run();
  const auto known = [](std::string_view text) { return text.empty() ? std::string_view("unknown") : text; };
  (row(table, "rank,name,state,detail") << rank_ << known(r.name) << known(r.state) << r.detail).write();
}

void RecordTables::replace_dropped(const std::vector<Dropped>& dropped) {
  static constexpr const char* table = "dropped_records";
  connection_.exec("DELETE FROM dropped_records");
  for (const Dropped& d : dropped) {
    (row(table, "rank,kind,reason,count")
     << rank_ << std::string_view(table_of(d.kind)) << d.reason << static_cast<std::int64_t>(d.count))
        .write();
  }
}

const char* table_of(records::Kind kind) {
  using records::Kind;
  switch (kind) {
    case Kind::nvtx_event:
      return "NVTX_EVENTS";
    case Kind::nvtx_domain:
      return "NvtxDomains";
    case Kind::nvtx_category:
      return "NvtxCategories";
    case Kind::nvtx_resource:
      return "NvtxResources";
    case Kind::thread_name:
      return "ThreadNames";
    case Kind::kernel:
      return "CUPTI_ACTIVITY_KIND_KERNEL";
    case Kind::memcpy:
      return "CUPTI_ACTIVITY_KIND_MEMCPY";
    case Kind::memset:
      return "CUPTI_ACTIVITY_KIND_MEMSET";
    case Kind::runtime:
      return "CUPTI_ACTIVITY_KIND_RUNTIME";
    case Kind::synchronization:
      return "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION";
    case Kind::graph_trace:
      return "CUPTI_ACTIVITY_KIND_GRAPH_TRACE";
    case Kind::gpu:
      return "TARGET_INFO_GPU";
    case Kind::cuda_device:
      return "TARGET_INFO_CUDA_DEVICE";
    case Kind::communicator:
      return "communicators";
    case Kind::collective:
      return "collectives";
    case Kind::collector:
      return "collectors";
    case Kind::kernel_name:
      return "StringIds";
    case Kind::api_name:
      return "StringIds";
    case Kind::range_stack:
      return "range_stacks";
    case Kind::graph_node:
      return "CUDA_GRAPH_NODE_EVENTS";
    case Kind::graph:
      return "CUDA_GRAPH_EVENTS";
    case Kind::cuda_event:
      return "CUPTI_ACTIVITY_KIND_CUDA_EVENT";
    case Kind::overhead:
      return "CUPTI_ACTIVITY_KIND_OVERHEAD";
    case Kind::memory:
      return "memory_events";
    case Kind::environment:
      return "environment";
    case Kind::collective_channel:
      return "collective_channels";
    case Kind::proxy_wait:
      return "proxy_waits";
    case Kind::host_sample:
      return "host_samples";
    case Kind::host_core:
      return "host_cores";
    case Kind::counter_sample:
      return "counter_samples";
    case Kind::counter_window:
      return "counter_windows";
    case Kind::window:
      return "windows";
    case Kind::clock:
      return "clock";
  }
  return "unknown";
}

}  // namespace foldperf::database

// Writes records as rows: one prepared statement a table, strings interned in StringIds, facts in their own tables.
// One transaction at a time: begin(), insert() any number, then commit() or roll_back(). Used by one thread.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/database/name_keys.hpp"
#include "core/database/record_row.hpp"
#include "core/facts/facts.hpp"
#include "core/records/records.hpp"

namespace foldperf::database {

class RecordTables {
 public:
  RecordTables(sqlite::Connection& connection, int rank);

  void begin();
  void commit();
  void roll_back() noexcept;

  void insert(const records::NvtxRecord& record);
  void insert(const records::NvtxDomainRecord& record);
  void insert(const records::NvtxCategoryRecord& record);
  void insert(const records::NvtxResourceRecord& record);
  void insert(const records::ThreadNameRecord& record);
  void insert(const records::KernelRecord& record);
  void insert(const records::MemcpyRecord& record);
  void insert(const records::MemsetRecord& record);
  void insert(const records::RuntimeRecord& record);
  void insert(const records::SynchronizationRecord& record);
  void insert(const records::GraphTraceRecord& record);
  void insert(const records::GpuRecord& record);
  void insert(const records::CudaDeviceRecord& record);
  void insert(const records::CommunicatorRecord& record);
  void insert(const records::CollectiveRecord& record);
  void insert(const records::CollectorRecord& record);
  void insert(const records::KernelNameRecord& record);
  void insert(const records::ApiNameRecord& record);
  void insert(const records::RangeStackRecord& record);
  void insert(const records::GraphNodeRecord& record);
  void insert(const records::GraphRecord& record);
  void insert(const records::CudaEventRecord& record);
  void insert(const records::OverheadRecord& record);
  void insert(const records::MemoryRecord& record);
  void insert(const records::EnvironmentRecord& record);
  void insert(const records::CollectiveChannelRecord& record);
  void insert(const records::ProxyWaitRecord& record);
  void insert(const records::HostSampleRecord& record);
  void insert(const records::HostCoreRecord& record);
  void insert(const records::CounterSampleRecord& record);
  void insert(const records::CounterWindowRecord& record);
  void insert(const records::WindowRecord& record);

  // Replaces the ranges known to be open (records without an end).
  void clear_open_ranges();
  void insert_open_range(const records::NvtxRecord& record);

  struct Dropped {
    records::Kind kind;
    std::string_view reason;
    std::uint64_t count;
  };
  void replace_dropped(const std::vector<Dropped>& dropped);

 private:
  // The statement "INSERT INTO table(columns) VALUES(?...)", prepared at its first use.
  Row row(const char* table, const char* columns, const char* verb = "INSERT");
  void insert_nvtx(const char* table, const records::NvtxRecord& record, bool intern);
  [[nodiscard]] std::string_view fact_text(const records::NvtxRecord& record) const;
  void insert_fact(const records::NvtxRecord& record, std::string_view text);
  void insert_fact_row(const records::NvtxRecord& record, const facts::Fact& fact);

  sqlite::Connection& connection_;
  std::int64_t rank_;
  StringTable strings_;
  std::unordered_map<const char*, sqlite::Statement> statements_;  // by the address of the table's literal
  NameKeys names_;
  std::set<std::int64_t> fact_domains_;  // ids of NVTX domains called "foldperf"
};

// The table that holds records of `kind`.
const char* table_of(records::Kind kind);

}  // namespace foldperf::database

// Reads a run database, read-only. The file may come from a stranger: schema objects are not trusted, views and
// triggers are off, no extension is loaded, and every failure is an InputError of one line that names the file.
//
// A file of one process and a merged run have the same schema; a run that is still being written can be read.
// A database of an older version is upgraded in a private copy; the file itself is never changed.
// Times and step numbers are bounded as they are read, so that the difference of two cannot overflow.
// One reader is used by one thread at a time. Views handed to a callback hold until it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/records/records.hpp"

namespace foldperf::database {

// No time counted from the run's start, and no step number, is beyond this, whatever the file says (36 years).
inline constexpr std::int64_t time_limit_ns = std::int64_t{1} << 60;
constexpr std::int64_t bounded(std::int64_t value) {
  return value < -time_limit_ns ? -time_limit_ns : value > time_limit_ns ? time_limit_ns : value;
}

struct RunRow {
  std::string name, command, working_directory;
  std::int64_t start_utc_ns = 0;
  std::optional<std::int64_t> end_utc_ns;
  std::optional<int> exit_code;
  std::string state;  // "running", "finished", "killed"
  std::string foldperf_version;
};

struct RankRow {
  int rank = 0;
  std::optional<int> world_size;
  std::string host;
  std::int64_t pid = 0;
  std::string command;
  std::int64_t start_utc_ns = 0;
  std::optional<std::int64_t> end_utc_ns;
  std::string state;
  std::string cpu_model;
  int cpu_count = 0;
  std::int64_t memory_bytes = 0;
  std::string os;
  std::int64_t offset_ns = 0;
  std::string source_file;
  std::optional<std::int64_t> clock_residual_ns;  // how well its clock agrees with the first rank's; empty: unknown
};

struct NvtxRow {
  int rank = 0;
  records::NvtxEventType type = records::NvtxEventType::push_pop;
  std::int64_t start_ns = 0;
  std::optional<std::int64_t> end_ns;  // empty: a mark, or a range in which the program ended
  std::string_view text;               // resolved: the event's own or its registered string
  std::string_view domain;             // name; empty: the default domain
  // Number, 0: none. In the domain "foldperf" it is facts::Category, whatever number the program gave to that name.
  std::uint32_t category = 0;
  std::string_view category_name;  // empty: not named
  std::int64_t global_tid = 0;
  std::optional<std::int64_t> range_id;
  std::optional<std::int64_t> payload;  // an integer payload of any width
  std::optional<double> payload_real;
  // Equal in two rows of this database only if their texts are equal; empty where the text is not interned.
  std::optional<std::int64_t> text_id;
};

struct NvtxFilter {
  std::optional<int> rank;
  std::optional<std::string> domain;      // by name; "" is the default domain
  std::vector<std::uint32_t> categories;  // by number; empty: all
  bool marks = true, ranges = true;
};

struct StepRow {
  int rank = 0;
  std::int64_t step = 0, at_ns = 0;
  std::optional<std::int64_t> samples;
};

struct BatchRow {
  int rank = 0;
  std::int64_t step = 0, at_ns = 0;
  std::string chain;
  std::int64_t length = 0, crop = 0, alignment_depth = 0;
  std::int64_t preparation_ns = 0;                           // all stages
  std::map<std::string, std::int64_t> preparation_stage_ns;  // by stage
  std::int64_t queue_wait_ns = 0;
};

struct MetricRow {
  int rank = 0;
  std::int64_t step = 0, at_ns = 0;
  std::string name;
  std::optional<double> value;  // empty: was not finite
  std::string split, chain;
};

struct WorkloadRow {
  int rank = 0;
  std::int64_t at_ns = 0;
  std::string kernel;
  std::string shape;  // "[1,8,256,32]"
  std::string dtype;
  std::int64_t bytes = 0, flops = 0, exponentials = 0;
  std::string configuration, chosen;
};

struct DroppedRow {
  int rank = 0;
  std::string kind, reason;
  std::int64_t count = 0;
};

struct CollectorRow {
  int rank = 0;
  std::string name, state, detail;
};

struct ThreadNameRow {
  int rank = 0;
  std::int64_t global_tid = 0;
  std::string name;
};

// One row of a generic query. Columns count from 0; a NULL reads as 0 or "".
class QueryRow {
 public:
  virtual ~QueryRow() = default;
  [[nodiscard]] virtual int columns() const = 0;
  [[nodiscard]] virtual std::string_view name(int column) const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
};
using QueryValue = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

class RunReader {
 public:
  // Throws InputError: no such file, not a database, not a run database, damaged, written by a newer foldperf.
  explicit RunReader(const std::string& path);
  ~RunReader();
  RunReader(RunReader&&) noexcept;
  RunReader& operator=(RunReader&&) noexcept;

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] int schema_version() const;  // as it is in the file

  [[nodiscard]] RunRow run() const;
  [[nodiscard]] std::vector<RankRow> ranks() const;      // ordered by rank
  [[nodiscard]] std::vector<StepRow> steps() const;      // by rank, time
  [[nodiscard]] std::vector<BatchRow> batches() const;   // by rank, time
  [[nodiscard]] std::vector<MetricRow> metrics() const;  // by rank, time
  [[nodiscard]] std::vector<WorkloadRow> workloads() const;
  [[nodiscard]] std::vector<DroppedRow> dropped() const;
  [[nodiscard]] std::vector<CollectorRow> collectors() const;
  [[nodiscard]] std::vector<ThreadNameRow> thread_names() const;
  [[nodiscard]] std::string string(std::int64_t id) const;           // of StringIds; "" where there is none
  [[nodiscard]] std::int64_t count(const std::string& table) const;  // rows of one of our tables

  // NVTX events by rank, start, then longest first: a range comes before those it holds. Open ranges have no end.
  void for_each_nvtx(const NvtxFilter& filter, const std::function<void(const NvtxRow&)>& visit) const;

  // One SELECT. `visit` returns false to stop. Throws Error on SQL that does not parse.
  void query(std::string_view sql, const std::vector<QueryValue>& parameters,
             const std::function<bool(const QueryRow&)>& visit) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foldperf::database

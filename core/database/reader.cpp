#include "core/database/reader.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/database/open_file.hpp"
#include "core/database/schema.hpp"
#include "core/facts/conventions.hpp"
#include "core/facts/facts.hpp"

namespace foldperf::database {
namespace {

using sqlite::Statement;

int small(std::int64_t value) {
  return static_cast<int>(
      std::clamp<std::int64_t>(value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}
std::optional<int> optional_small(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return small(row.integer(column));
}
// Run-relative times and step numbers.
std::int64_t time(const Statement& row, int column) { return bounded(row.integer(column)); }
std::optional<std::int64_t> optional_time(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time(row, column);
}
// UTC times: 1970 to 2096.
std::int64_t utc(const Statement& row, int column) {
  return std::clamp<std::int64_t>(row.integer(column), 0, 4'000'000'000'000'000'000);
}
std::optional<std::int64_t> optional_utc(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return utc(row, column);
}
std::string text(const Statement& row, int column) { return std::string(row.text(column)); }

class StatementRow final : public QueryRow {
 public:
  explicit StatementRow(const Statement& statement) : statement_(statement) {}
  [[nodiscard]] int columns() const override { return statement_.columns(); }
  [[nodiscard]] std::string_view name(int column) const override { return statement_.column_name(column); }
  [[nodiscard]] bool is_null(int column) const override { return statement_.is_null(column); }
  [[nodiscard]] std::int64_t integer(int column) const override { return statement_.integer(column); }
  [[nodiscard]] double real(int column) const override { return statement_.real(column); }
  [[nodiscard]] std::string_view text(int column) const override { return statement_.text(column); }

 private:
  const Statement& statement_;
};

// Names of domains and categories by rank and number.
struct NvtxNames {
  using Domain = std::pair<int, std::int64_t>;
  std::map<Domain, std::string> domains;
  std::map<std::pair<Domain, std::uint32_t>, std::string> categories;

  [[nodiscard]] std::string_view domain(const Domain& key) const {
    const auto found = domains.find(key);
    return found == domains.end() ? std::string_view() : std::string_view(found->second);
  }
  [[nodiscard]] std::string_view category(const Domain& key, std::uint32_t number) const {
    if (number == 0) return {};
    const auto found = categories.find({key, number});
    return found == categories.end() ? std::string_view() : std::string_view(found->second);
  }
};

// The convention's number of a category of the domain "foldperf" that the program named; else its own number.
std::uint32_t conventional_category(std::string_view domain, std::string_view name, std::uint32_t number) {
  if (name.empty() || domain != facts::domain_name) return number;
  for (const auto& known : facts::category_names) {
    if (name == known.name) return static_cast<std::uint32_t>(known.category);
  }
  return number;
}

// The numbers that `categories` have in the file: their own, and those that programs gave to the same names.
std::set<std::uint32_t> numbers_in_file(const NvtxNames& names, const std::vector<std::uint32_t>& categories) {
  std::set<std::uint32_t> numbers(categories.begin(), categories.end());
  for (const auto& [key, name] : names.categories) {
    const auto meant = conventional_category(names.domain(key.first), name, key.second);
    if (std::find(categories.begin(), categories.end(), meant) != categories.end()) numbers.insert(key.second);
  }
  return numbers;
}

constexpr const char* nvtx_columns =
    "rank,eventType,start,\"end\",text,textId,domainId,category,globalTid,rangeId,"
    "COALESCE(int64Value,uint64Value,uint32Value,int32Value) AS payload,COALESCE(doubleValue,floatValue) AS "
    "payload_real";

std::string nvtx_sql(const NvtxFilter& filter, const std::set<std::uint32_t>& categories, bool with_open) {
  std::string events = std::string("SELECT ") + nvtx_columns + ",rowid AS place FROM NVTX_EVENTS";
  std::string where;
  const auto also = [&](const std::string& condition) { where += (where.empty() ? " WHERE " : " AND ") + condition; };
  if (filter.rank) also("rank=" + std::to_string(*filter.rank));
  if (!filter.marks) also("eventType<>34");
  if (!filter.ranges) also("eventType=34");
  if (!categories.empty()) {
    std::string list;
    for (const auto category : categories) list += (list.empty() ? "" : ",") + std::to_string(category);
    also("category IN (" + list + ")");
  }
  events += where;
  if (with_open) {
    events += std::string(" UNION ALL SELECT ") + nvtx_columns + ",9223372036854775807 AS place FROM nvtx_open" + where;
  }
  // An open range is the longest. Of two with the same times the inner one was written first.
  return "SELECT e.rank,e.eventType,e.start,e.\"end\",COALESCE(e.text,s.value),e.textId,e.domainId,e.category,"
         "e.globalTid,e.rangeId,e.payload,e.payload_real FROM (" +
         events +
         ") e LEFT JOIN StringIds s ON s.id=e.textId ORDER BY e.rank,e.start,CASE WHEN e.\"end\" IS NULL AND "
         "e.eventType<>34 THEN 9223372036854775807 ELSE e.\"end\" END DESC,e.place DESC";
}

}  // namespace

class RunReader::Impl {
 public:
  explicit Impl(const std::string& path) : path_(path), file_(path) {
    naming_damage(path, [&] {
      version_ = check_is_run_database(connection());
      if (version_ < ::foldperf::database::schema_version) {
        file_.copy_to_private();
        upgrade(connection(), migrations());
      }
      check_tables(connection());
    });
  }

  sqlite::Connection& connection() { return file_.connection(); }

  // Every row of a SELECT as a value that `make` builds of it.
  template <class T, class Make>
  std::vector<T> all(const std::string& sql, Make&& make) {
    return naming_damage(path_, [&] {
      std::vector<T> rows;
      Statement statement(connection(), sql);
      while (statement.step()) rows.push_back(make(statement));
      return rows;
    });
  }

  NvtxNames names() {
    return naming_damage(path_, [&] {
      NvtxNames names;
      Statement domains(connection(),
                        "SELECT d.rank,d.domainId,s.value FROM NvtxDomains d JOIN StringIds s ON s.id=d.nameId");
      while (domains.step()) names.domains[{small(domains.integer(0)), domains.integer(1)}] = text(domains, 2);
      Statement categories(connection(),
                           "SELECT c.rank,c.domainId,c.category,s.value FROM NvtxCategories c "
                           "JOIN StringIds s ON s.id=c.nameId");
      while (categories.step()) {
        names.categories[{{small(categories.integer(0)), categories.integer(1)},
                          static_cast<std::uint32_t>(categories.integer(2))}] = text(categories, 3);
      }
      return names;
    });
  }

  std::string path_;
  ReadableFile file_;
  int version_ = 0;
};

RunReader::RunReader(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;

const std::string& RunReader::path() const { return impl_->path_; }
int RunReader::schema_version() const { return impl_->version_; }

RunRow RunReader::run() const {
  const auto rows = impl_->all<RunRow>(
      "SELECT name,command,working_directory,start_utc_ns,end_utc_ns,exit_code,state,foldperf_version FROM runs "
      "ORDER BY id LIMIT 1",
      [](const Statement& r) {
        return RunRow{text(r, 0),         text(r, 1),           text(r, 2), utc(r, 3),
                      optional_utc(r, 4), optional_small(r, 5), text(r, 6), text(r, 7)};
      });
  if (rows.empty()) throw InputError(path(), "is damaged: it has no row about its run");
  return rows.front();
}

std::vector<RankRow> RunReader::ranks() const {
  return impl_->all<RankRow>(
      "SELECT rank,world_size,host,pid,command,start_utc_ns,end_utc_ns,state,cpu_model,cpu_count,memory_bytes,os,"
      "offset_ns,source_file,clock_residual_ns FROM ranks ORDER BY rank,start_utc_ns,pid",
      [](const Statement& r) {
        return RankRow{small(r.integer(0)), optional_small(r, 1), text(r, 2),    r.integer(3), text(r, 4),
                       utc(r, 5),           optional_utc(r, 6),   text(r, 7),    text(r, 8),   small(r.integer(9)),
                       r.integer(10),       text(r, 11),          r.integer(12), text(r, 13),  r.optional_integer(14)};
      });
}

std::vector<StepRow> RunReader::steps() const {
  return impl_->all<StepRow>("SELECT rank,step,at,samples FROM steps ORDER BY rank,at,rowid", [](const Statement& r) {
    return StepRow{small(r.integer(0)), time(r, 1), time(r, 2), r.optional_integer(3)};
  });
}

std::vector<BatchRow> RunReader::batches() const {
  return impl_->all<BatchRow>(
      "SELECT rank,step,at,chain,length,crop,alignment_depth,preparation_ns,preparation_json,queue_wait_ns FROM "
      "batches "
      "ORDER BY rank,at,rowid",
      [](const Statement& r) {
        return BatchRow{small(r.integer(0)), time(r, 1),   time(r, 2),
                        text(r, 3),          r.integer(4), r.integer(5),
                        r.integer(6),        r.integer(7), facts::stages_from_json(r.text(8)),
                        r.integer(9)};
      });
}

std::vector<MetricRow> RunReader::metrics() const {
  return impl_->all<MetricRow>("SELECT rank,step,at,name,value,split,chain FROM metrics ORDER BY rank,at,rowid",
                               [](const Statement& r) {
                                 return MetricRow{small(r.integer(0)),
                                                  time(r, 1),
                                                  time(r, 2),
                                                  text(r, 3),
                                                  r.is_null(4) ? std::nullopt : std::optional(r.real(4)),
                                                  text(r, 5),
                                                  text(r, 6)};
                               });
}

std::vector<WorkloadRow> RunReader::workloads() const {
  return impl_->all<WorkloadRow>(
      "SELECT rank,at,kernel,shape,dtype,bytes,flops,exponentials,configuration,chosen FROM workloads "
      "ORDER BY rank,at,rowid",
      [](const Statement& r) {
        return WorkloadRow{small(r.integer(0)), time(r, 1),   text(r, 2),   text(r, 3), text(r, 4),
                           r.integer(5),        r.integer(6), r.integer(7), text(r, 8), text(r, 9)};
      });
}

std::vector<DroppedRow> RunReader::dropped() const {
  return impl_->all<DroppedRow>("SELECT rank,kind,reason,count FROM dropped_records ORDER BY rank,kind,reason",
                                [](const Statement& r) {
                                  return DroppedRow{small(r.integer(0)), text(r, 1), text(r, 2), r.integer(3)};
                                });
}

std::vector<CollectorRow> RunReader::collectors() const {
  return impl_->all<CollectorRow>("SELECT rank,name,state,detail FROM collectors ORDER BY rank,name",
                                  [](const Statement& r) {
                                    return CollectorRow{small(r.integer(0)), text(r, 1), text(r, 2), text(r, 3)};
                                  });
}

std::vector<ThreadNameRow> RunReader::thread_names() const {
  return impl_->all<ThreadNameRow>(
      "SELECT t.rank,t.globalTid,s.value FROM ThreadNames t JOIN StringIds s ON s.id=t.nameId ORDER BY t.rowid",
      [](const Statement& r) {
        return ThreadNameRow{small(r.integer(0)), r.integer(1), text(r, 2)};
      });
}

std::string RunReader::string(std::int64_t id) const {
  return naming_damage(path(), [&] {
    Statement statement(impl_->connection(), "SELECT value FROM StringIds WHERE id=?1");
    statement.bind(1, id);
    return statement.step() ? text(statement, 0) : std::string();
  });
}

std::int64_t RunReader::count(const std::string& table) const {
  const auto& known = schema_tables();
  if (std::find(known.begin(), known.end(), table) == known.end()) throw Error("a run database has no table " + table);
  return naming_damage(path(), [&] { return impl_->connection().query_int("SELECT count(*) FROM " + table); });
}

void RunReader::for_each_nvtx(const NvtxFilter& filter, const std::function<void(const NvtxRow&)>& visit) const {
  const NvtxNames names = impl_->names();
  const bool with_open = count("nvtx_open") > 0;
  naming_damage(path(), [&] {
    Statement r(impl_->connection(), nvtx_sql(filter, numbers_in_file(names, filter.categories), with_open));
    while (r.step()) {
      NvtxRow row;
      row.rank = small(r.integer(0));
      const NvtxNames::Domain domain{row.rank, r.integer(6)};
      row.domain = names.domain(domain);
      if (filter.domain && row.domain != *filter.domain) continue;
      row.type = static_cast<records::NvtxEventType>(small(r.integer(1)));
      row.start_ns = time(r, 2);
      row.end_ns = optional_time(r, 3);
      row.text = r.text(4);
      row.text_id = r.optional_integer(5);
      const auto number = static_cast<std::uint32_t>(r.integer(7));
      row.category_name = names.category(domain, number);
      row.category = conventional_category(row.domain, row.category_name, number);
      const auto& wanted = filter.categories;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), row.category) == wanted.end()) continue;
      row.global_tid = r.integer(8);
      row.range_id = r.optional_integer(9);
      row.payload = r.optional_integer(10);
      if (!r.is_null(11)) row.payload_real = r.real(11);
      visit(row);
    }
  });
}

void RunReader::query(std::string_view sql, const std::vector<QueryValue>& parameters,
                      const std::function<bool(const QueryRow&)>& visit) const {
  naming_damage(path(), [&] {
    Statement statement(impl_->connection(), sql);
    if (!statement.read_only()) throw Error(path() + ": only reading is allowed: " + std::string(sql.substr(0, 80)));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int index = static_cast<int>(i) + 1;
      std::visit(
          [&](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::nullptr_t>)
              statement.bind_null(index);
            else if constexpr (std::is_same_v<T, std::string>)
              statement.bind(index, std::string_view(value));
            else
              statement.bind(index, value);
          },
          parameters[i]);
    }
    const StatementRow row(statement);
    while (statement.step()) {
      if (!visit(row)) break;
    }
  });
}

}  // namespace foldperf::database

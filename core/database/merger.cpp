#include "core/database/merger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "core/database/merge_finish.hpp"
#include "core/database/merge_ids.hpp"
#include "core/database/merge_source.hpp"
#include "core/database/merge_sql.hpp"
#include "core/database/schema.hpp"

namespace foldperf::database {
namespace {

namespace fs = std::filesystem;
using sqlite::Statement;

class Merger {
 public:
  Merger(sqlite::Connection& connection, std::int64_t run_start_ns)
      : connection_(connection), ids_(connection), run_start_ns_(run_start_ns) {
    for (const std::string& table : schema_tables()) columns_[table] = table_columns(connection, "main", table);
  }

  // Throws SqliteError that is damaged() where the file turns out to be; then nothing of it is in the run.
  void merge(const Source& source, int rank) {
    RowChanges changes;
    changes.rank = rank;
    changes.id_base = files_ * MergeIds::ids_per_file;
    changes.time_offset_ns = time_offset_ns(source);
    // Nsight's bits for virtual machines tell apart pids that come twice, on two hosts or after one another.
    changes.global_id_base = static_cast<std::int64_t>(pids_[source.pid] & 0xFF) << 48;
    attach(source);
    rows_of_file_.clear();
    try {
      connection_.exec("BEGIN");
      changes.small = small_;
      const RowChanges::SmallIds next = after(source_highest());
      ids_.map_file(files_, rank);
      for (const std::string& table : copied_tables()) copy(table, table, changes);
      copy("nvtx_open", "NVTX_EVENTS", changes);
      add_rank(source, rank, changes.time_offset_ns);
      for (const auto& [table, rows] : source.losses.lost_rows) add_loss(rank, table, rows);
      connection_.exec("COMMIT");
      ids_.keep_file();
      small_ = next;
      for (const auto& [table, rows] : rows_of_file_) rows_[table] += rows;
    } catch (...) {
      roll_back();
      ids_.forget_file();
      throw;
    }
    connection_.exec("DETACH source");
    ++files_;
    ++pids_[source.pid];
  }

  [[nodiscard]] const std::map<std::string, std::int64_t>& rows() const { return rows_; }

 private:
  RowChanges::SmallIds source_highest() {
    Statement highest(connection_, highest_ids_sql());
    highest.step();
    return {highest.integer(0), highest.integer(1), highest.integer(2), highest.integer(3)};
  }
  // Where the next file's small ids begin: they are told apart over the run, and stay few bytes.
  [[nodiscard]] RowChanges::SmallIds after(const RowChanges::SmallIds& highest) const {
    return {small_.graph_node + highest.graph_node, small_.graph + highest.graph, small_.stack + highest.stack,
            small_.collective + highest.collective};
  }

  // What brings the process' times to the run's clock. A damaged file may hold any number.
  [[nodiscard]] std::int64_t time_offset_ns(const Source& source) const {
    std::int64_t offset = 0;
    if (source.start_utc_ns == 0 || __builtin_sub_overflow(source.start_utc_ns, run_start_ns_, &offset) ||
        __builtin_add_overflow(offset, source.offset_ns, &offset)) {
      return 0;
    }
    return offset;
  }

  void attach(const Source& source) {
    try {
      Statement statement(connection_, "ATTACH ?1 AS source");
      statement.bind(1, source.file->uri().text);
      statement.run();
    } catch (const sqlite::SqliteError& error) {
      if (error.damaged()) throw;
      throw InputError(source.report->path, error.reason());  // of that file, not of the output
    }
  }

  void roll_back() noexcept {
    for (const char* sql : {"ROLLBACK", "DETACH source"}) {
      try {
        connection_.exec(sql);
      } catch (const std::exception&) {
        // Already rolled back or never attached; the error that led here is the one to tell.
      }
    }
  }

  void copy(const std::string& table, const std::string& target, const RowChanges& changes) {
    connection_.exec(copy_sql(table, target, columns_.at(target), changes));
    if (const int rows = connection_.changes(); rows > 0) rows_of_file_[target] += rows;
  }

  void add_rank(const Source& source, int rank, std::int64_t offset_ns) {
    Statement add(connection_,
                  "INSERT OR REPLACE INTO main.ranks(rank,world_size,host,pid,command,start_utc_ns,end_utc_ns,state,"
                  "cpu_model,cpu_count,memory_bytes,os,offset_ns,source_file,level,graph_mode) "
                  "SELECT ?1,world_size,host,pid,command,start_utc_ns,end_utc_ns,"
                  "CASE state WHEN 'finished' THEN state ELSE 'killed' "
                  "END,cpu_model,cpu_count,memory_bytes,os,?2,?3,level,graph_mode "
                  "FROM source.ranks");
    add.bind(1, std::int64_t{rank});
    add.bind(2, offset_ns);
    add.bind(3, source.report->path);
    add.run();
    if (connection_.changes() > 0) return;
    Statement unknown(connection_,
                      "INSERT INTO main.ranks(rank,host,pid,start_utc_ns,state,offset_ns,source_file) "
                      "VALUES(?1,'unknown',?2,?3,'killed',?4,?5)");
    unknown.bind(1, std::int64_t{rank});
    unknown.bind(2, std::int64_t{-files_});
    unknown.bind(3, run_start_ns_);
    unknown.bind(4, offset_ns);
    unknown.bind(5, source.report->path);
    unknown.run();
  }

  void add_loss(int rank, const std::string& table, std::int64_t rows) {
    Statement add(connection_, "INSERT INTO main.dropped_records(rank,kind,reason,count) VALUES(?1,?2,?3,?4)");
    add.bind(1, std::int64_t{rank});
    add.bind(2, table);
    add.bind(3, std::string_view("file damaged"));
    add.bind(4, rows);
    add.run();
  }

  sqlite::Connection& connection_;
  MergeIds ids_;
  std::int64_t run_start_ns_;
  int files_ = 0;
  RowChanges::SmallIds small_;  // of the next file
  std::map<std::string, std::int64_t> rows_, rows_of_file_;
  std::map<std::int64_t, int> pids_;  // how many files so far had this pid
  std::map<std::string, std::vector<std::string>> columns_;
};

// False when nothing of the file can be used; the report says why.
bool merge_or_salvage(Merger& merger, Source& source, int rank, const std::string& output, int number) {
  if (!open_source(source, output, number)) return false;  // it was there a moment ago
  try {
    merger.merge(source, rank);
    return true;
  } catch (const sqlite::SqliteError& error) {
    if (!error.damaged() || source.salvaged) throw;
    // The damage lies deeper than opening looks.
    source.report->problem = error.what();
  } catch (const InputError& error) {
    source.report->problem = error.what();
    return false;
  }
  if (!salvage_source(source, output, number)) return false;
  merger.merge(source, rank);
  return true;
}

// The files that can be used, with what their first rows say. None stays open.
std::vector<Source> look_into(MergeReport& report, const std::string& output) {
  std::vector<Source> sources;
  for (std::size_t i = 0; i < report.files.size(); ++i) {
    Source source;
    source.report = &report.files[i];
    if (!open_source(source, output, static_cast<int>(i))) continue;
    close_source(source);
    sources.push_back(std::move(source));
  }
  return sources;
}

// The indexes of millions of rows are sorted in files: beside the output there is room, which /tmp may lack.
void sort_beside(sqlite::Connection& connection, const std::string& output) {
  std::string folder = fs::absolute(output).parent_path().string();
  for (std::size_t at = 0; (at = folder.find('\'', at)) != std::string::npos; at += 2) folder.insert(at, 1, '\'');
  connection.exec("PRAGMA temp_store_directory='" + folder + "'");
}

void write_run(sqlite::Connection& connection, const RunInfo& run, std::int64_t start_ns) {
  Statement add(connection,
                "INSERT INTO runs(id,name,command,working_directory,start_utc_ns,end_utc_ns,exit_code,state,"
                "foldperf_version) VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8)");
  add.bind_text_or_null(1, run.name);
  add.bind_text_or_null(2, run.command);
  add.bind_text_or_null(3, run.working_directory);
  add.bind(4, start_ns);
  add.bind_optional(5, run.end_utc_ns);
  add.bind_optional(6, run.exit_code);
  add.bind(7, run.state);
  add.bind(8,
           run.foldperf_version.empty() ? std::string_view(FOLDPERF_VERSION) : std::string_view(run.foldperf_version));
  add.run();
  connection.exec("INSERT INTO META_DATA_EXPORT VALUES('EXPORTED_BY','foldperf')");
}

void sync_to_disk(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!good) throw SystemError(path + ": cannot be written: " + std::strerror(error));
}

void merge_into(const std::string& path, const std::string& output, const RunInfo& run, MergeReport& report,
                std::vector<Source>& sources, const MergeOptions& options) {
  std::int64_t start_ns = run.start_utc_ns;
  for (const Source& source : sources) {
    if (run.start_utc_ns == 0 && source.start_utc_ns != 0) {
      start_ns = start_ns == 0 ? source.start_utc_ns : std::min(start_ns, source.start_utc_ns);
    }
  }
  const bool no_ranks = std::all_of(sources.begin(), sources.end(), [](const Source& s) { return s.rank < 0; });

  sqlite::Connection connection(path, sqlite::OpenMode::create, output);
  connection.distrust();
  // Only a whole file is ever renamed to its place, so nothing is kept for the case of a crash.
  connection.exec(
      "PRAGMA page_size=8192; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; "
      "PRAGMA cache_size=-65536; PRAGMA temp_store=FILE");
  sort_beside(connection, output);
  if (options.redact) connection.exec("PRAGMA secure_delete=ON");  // no page keeps what was taken out
  create_schema(connection);
  Merger merger(connection, start_ns);
  for (Source& source : sources) {
    const int rank = no_ranks ? 0 : source.rank;
    source.report->rank = rank;
    const auto number = static_cast<int>(source.report - report.files.data());
    source.report->used = merge_or_salvage(merger, source, rank, output, number);
    close_source(source);
    source.salvaged.reset();
  }
  connection.exec("BEGIN");
  write_run(connection, run, start_ns);
  if (options.redact) redact(connection);
  for (const std::string& sql : index_sql()) connection.exec(sql);
  report.notes = what_is_missing(connection);
  connection.exec(std::string(views_sql()));
  connection.exec("COMMIT; PRAGMA journal_mode=DELETE");
  report.rows = merger.rows();
  for (const auto& [table, rows] : report.rows) {
    if (table == "NVTX_EVENTS" || table == "collectives" || table.starts_with("CUPTI_")) report.events += rows;
    if (table == "host_samples" || table == "environment" || table == "counter_samples") report.samples += rows;
  }
}

}  // namespace

std::vector<std::string> process_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".foldperf") files.push_back(entry.path().string());
  }
  if (error) throw InputError(folder, "cannot be listed: " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

MergeReport merge_process_files(const std::vector<std::string>& files, const std::string& output, const RunInfo& run,
                                const MergeOptions& options) {
  MergeReport report;
  for (const std::string& file : files) {
    MergedFile merged;
    merged.path = file;
    report.files.push_back(merged);
  }
  const TemporaryFile part(output + ".part-" + std::to_string(getpid()));
  try {
    std::vector<Source> sources = look_into(report, output);
    merge_into(part.path(), output, run, report, sources, options);
    const auto unreadable = [](const MergedFile& file) { return !file.used && !file.empty; };
    const auto found = std::find_if(report.files.begin(), report.files.end(), unreadable);
    const auto used =
        std::count_if(report.files.begin(), report.files.end(), [](const auto& file) { return file.used; });
    if (found != report.files.end() && used == 0) {
      const MergedFile& first = *found;
      const auto reason = first.problem.starts_with(first.path + ": ") ? first.path.size() + 2 : 0;
      throw InputError(first.path, first.problem.substr(reason) + " (no file of this run can be read)");
    }
    sync_to_disk(part.path());
    fs::rename(part.path(), output);
  } catch (const sqlite::SqliteError& error) {
    throw SystemError(output + ": cannot write the merged run: " + error.reason());
  } catch (const fs::filesystem_error& error) {
    throw SystemError(output + ": cannot write the merged run: " + error.code().message());
  }
  return report;
}

}  // namespace foldperf::database

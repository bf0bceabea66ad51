#include "core/database/process_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/database/schema.hpp"

namespace foldperf::database {
namespace {

// Makes the file, which must not exist, and gives SQLite an empty one to work on.
void create_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    throw SystemError(path + ": cannot create a run database: " + std::strerror(errno) +
                      (errno == EEXIST ? " (it would be overwritten)" : ""));
  }
  ::close(descriptor);
}

// Fills the empty file at `path`.
std::unique_ptr<sqlite::Connection> fill_file(const std::string& path, const ProcessInfo& process) {
  auto connection = std::make_unique<sqlite::Connection>(path, sqlite::OpenMode::read_write, path);
  // Write-ahead logging keeps the file whole when the process is killed at any moment; readers may look at it
  // meanwhile. Syncing would only help against a crash of the whole machine.
  connection->exec(
      "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; "
      "PRAGMA wal_autocheckpoint=2000; PRAGMA cache_size=-8192");
  create_schema(*connection);
  sqlite::Statement run(*connection,
                        "INSERT INTO runs(id,name,command,working_directory,start_utc_ns,state,foldperf_version) "
                        "VALUES(1,NULL,?1,?2,?3,'running',?4)");
  run.bind(1, process.command);
  run.bind(2, process.working_directory);
  run.bind(3, process.start_utc_ns);
  run.bind(4, std::string_view(FOLDPERF_VERSION));
  run.run();
  sqlite::Statement rank(*connection,
                         "INSERT INTO ranks(rank,world_size,host,pid,command,start_utc_ns,state,cpu_model,cpu_count,"
                         "memory_bytes,os,source_file,level,graph_mode) "
                         "VALUES(?1,?2,?3,?4,?5,?6,'running',?7,?8,?9,?10,?11,?12,?13)");
  rank.bind(1, std::int64_t{process.rank});
  rank.bind_optional(2, process.world_size);
  rank.bind(3, process.host);
  rank.bind(4, process.pid);
  rank.bind(5, process.command);
  rank.bind(6, process.start_utc_ns);
  rank.bind_text_or_null(7, process.cpu_model);
  rank.bind(8, std::int64_t{process.cpu_count});
  rank.bind(9, process.memory_bytes);
  rank.bind_text_or_null(10, process.os);
  rank.bind(11, path);
  rank.bind_text_or_null(12, process.level);
  rank.bind_text_or_null(13, process.graph_mode);
  rank.run();
  return connection;
}

}  // namespace

std::unique_ptr<sqlite::Connection> create_process_file(const std::string& path, const ProcessInfo& process) {
  create_file(path);
  try {
    return fill_file(path, process);
  } catch (const sqlite::SqliteError& error) {
    remove_process_file(path);
    throw SystemError(path + ": cannot create a run database: " + error.reason());
  }
}

void mark_finished(sqlite::Connection& connection) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string end = std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  connection.exec("UPDATE runs SET state='finished', end_utc_ns=" + end +
                  "; UPDATE ranks SET state='finished', end_utc_ns=" + end);
}

void finish_process_file(std::unique_ptr<sqlite::Connection> connection) noexcept {
  try {
    connection->exec("PRAGMA journal_mode=DELETE");
  } catch (const std::exception&) {
    // Someone is reading: the log stays beside the file, and everything is in one of the two.
  }
}

void remove_process_file(const std::string& path) noexcept {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::string name;
    try {
      name = path + suffix;
    } catch (...) {
      return;  // no memory for a name: the file stays
    }
    ::unlink(name.c_str());
  }
}

}  // namespace foldperf::database

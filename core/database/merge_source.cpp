#include "core/database/merge_source.hpp"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include "core/database/schema.hpp"

namespace foldperf::database {

TemporaryFile::TemporaryFile(std::string path) : path_(std::move(path)) { remove(); }
TemporaryFile::~TemporaryFile() { remove(); }
void TemporaryFile::remove() const {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path_ + suffix, ignored);
}

namespace {

std::string losses_in_words(const SalvageReport& losses) {
  std::string words;
  for (const auto& [table, rows] : losses.lost_rows) {
    words += (words.empty() ? "damaged, lost: " : ", ") + std::to_string(rows) + " rows of " + table;
  }
  if (losses.incomplete) words += words.empty() ? "damaged, parts could not be read" : ", and what cannot be counted";
  return words.empty() ? "damaged, but every row could be read" : words;
}

// Runs `open`; what goes wrong with one file is told of that file, and is no reason to lose the others.
template <class F>
bool usable(Source& source, F&& open) {
  std::string problem;
  try {
    open();
    return true;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  source.file.reset();
  // The first problem says more than that of a salvage which came to nothing.
  if (source.report->problem.empty()) source.report->problem = problem;
  return false;
}

void open_and_read_header(Source& source) {
  source.file = std::make_unique<ReadableFile>(source.salvaged ? source.salvaged->path() : source.report->path);
  sqlite::Connection& connection = source.file->connection();
  naming_damage(source.report->path, [&] {
    if (check_is_run_database(connection) < schema_version) {
      source.file->copy_to_private();
      upgrade(source.file->connection(), migrations());
    }
    check_tables(source.file->connection());
    sqlite::Statement row(source.file->connection(),
                          "SELECT rank,host,pid,start_utc_ns,offset_ns,state FROM ranks ORDER BY start_utc_ns LIMIT 1");
    if (!row.step()) return;
    source.rank = static_cast<int>(row.integer(0));
    source.host = std::string(row.text(1));
    source.pid = row.integer(2);
    source.start_utc_ns = row.integer(3);
    source.offset_ns = row.integer(4);
    source.report->finished = row.text(5) == "finished";
  });
}

// Whether the process ended before the first transaction of its file, which makes the tables.
bool has_no_table_yet(const std::string& path) {
  std::error_code error;
  if (const auto bytes = std::filesystem::file_size(path, error); error || bytes == 0) return !error;
  try {
    ReadableFile file(path);
    return file.connection().query_int("PRAGMA application_id") == 0 &&
           file.connection().query_int("SELECT count(*) FROM sqlite_schema") == 0;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool salvage_source(Source& source, const std::string& output, int number) {
  close_source(source);
  std::optional<sqlite::SqliteError> no_room;
  const bool good = usable(source, [&] {
    source.salvaged =
        std::make_unique<TemporaryFile>(output + ".salvage-" + std::to_string(getpid()) + "-" + std::to_string(number));
    try {
      source.losses = salvage(source.report->path, source.salvaged->path());
    } catch (const sqlite::SqliteError& error) {
      no_room = error.disk_full() ? std::optional(error) : std::nullopt;
      throw;
    }
    open_and_read_header(source);
    source.report->problem = losses_in_words(source.losses);
  });
  if (!good) source.salvaged.reset();
  if (no_room) throw sqlite::SqliteError(*no_room);  // every other file would meet it too
  return good;
}

bool open_source(Source& source, const std::string& output, int number) {
  if (usable(source, [&] { open_and_read_header(source); })) return true;
  if (source.salvaged == nullptr && has_no_table_yet(source.report->path)) {
    source.report->empty = true;
    source.report->problem = "is empty: its process ended while it made the file, before anything was recorded";
    return false;
  }
  return source.salvaged == nullptr && salvage_source(source, output, number);
}

void close_source(Source& source) { source.file.reset(); }

}  // namespace foldperf::database

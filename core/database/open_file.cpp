#include "core/database/open_file.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace foldperf::database {
namespace {

namespace fs = std::filesystem;

// The first bytes of every SQLite file; bytes 18 and 19 are 2 in write-ahead logging.
struct FileHeader {
  std::array<char, 100> bytes{};
  [[nodiscard]] bool is_sqlite() const { return std::memcmp(bytes.data(), "SQLite format 3", 16) == 0; }
  [[nodiscard]] bool uses_log() const { return bytes[18] == 2 || bytes[19] == 2; }
};

FileHeader read_header(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw InputError(path, "no such file");
  if (status.type() == fs::file_type::directory) throw InputError(path, "is a folder, not a run database");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path, std::string("cannot be read: ") + std::strerror(errno));
  FileHeader header;
  file.read(header.bytes.data(), static_cast<std::streamsize>(header.bytes.size()));
  if (file.gcount() == 0) throw InputError(path, "is empty: nothing was recorded into it");
  if (file.gcount() < 100 || !header.is_sqlite()) {
    throw InputError(path, "is not a run database (nor any SQLite file)");
  }
  return header;
}

bool is_not_empty(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0;
}
bool has_log(const std::string& path) { return is_not_empty(path + "-wal"); }
// Of a transaction that was not finished: its process was killed while it made the file.
bool has_rollback_journal(const std::string& path) { return is_not_empty(path + "-journal"); }

std::string make_temporary_folder() {
  std::string name = (fs::temp_directory_path() / "foldperf-XXXXXX").string();
  if (!mkdtemp(name.data())) throw SystemError(name + ": cannot make a temporary folder: " + std::strerror(errno));
  return name;
}

}  // namespace

sqlite::Uri file_uri(const std::string& path, const std::string& parameters) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string uri = "file:";
  const std::string absolute = fs::absolute(path).string();
  for (const char c : absolute) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("/._-~").find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += '%';
      uri += hex[byte >> 4];
      uri += hex[byte & 15];
    }
  }
  return {uri + "?" + parameters};
}

ReadableFile::ReadableFile(const std::string& path) : path_(path) {
  const FileHeader header = read_header(path);
  naming_damage(path, [&] {
    try {
      open(file_uri(path, "mode=ro"));
      return;
    } catch (const sqlite::SqliteError& error) {
      const int code = error.primary_code();
      if (code == SQLITE_READONLY && has_rollback_journal(path)) return roll_back_copy();
      if (!header.uses_log() || (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)) throw;
    }
    // Write-ahead logging wants to write an index beside the file, and may not: read without one.
    if (!has_log(path)) return open(file_uri(path, "mode=ro&immutable=1"));
    temporary_folder_ = make_temporary_folder();
    const std::string copy = temporary_folder_ + "/copy";
    fs::copy_file(path, copy);
    fs::copy_file(path + "-wal", copy + "-wal");
    open(file_uri(copy, "mode=ro"));
  });
}

void ReadableFile::roll_back_copy() {
  temporary_folder_ = make_temporary_folder();
  const std::string copy = temporary_folder_ + "/copy";
  fs::copy_file(path_, copy);
  fs::copy_file(path_ + "-journal", copy + "-journal");
  // The first reader that may write undoes what was not finished.
  sqlite::Connection(file_uri(copy, "mode=rw"), sqlite::OpenMode::read_write, path_)
      .query_int("SELECT count(*) FROM sqlite_schema");
  open(file_uri(copy, "mode=ro"));
}

ReadableFile::~ReadableFile() {
  connection_.reset();
  std::error_code ignored;
  if (!temporary_folder_.empty()) fs::remove_all(temporary_folder_, ignored);
}

void ReadableFile::open(const sqlite::Uri& uri) {
  connection_.reset();
  auto connection = std::make_unique<sqlite::Connection>(uri, sqlite::OpenMode::read_only, path_);
  connection->distrust();
  try {
    connection->query_int("SELECT count(*) FROM sqlite_schema");  // opening reads nothing yet
  } catch (const sqlite::SqliteError& error) {
    // SQLite has no code for it.
    if (!error.reason().starts_with("unsupported file format")) throw;
    throw InputError(path_,
                     "is an SQLite file of a newer format than this foldperf reads, or damaged: write it anew with the "
                     "program it is of (sqlite3 FILE \"VACUUM INTO 'new.db'\"), or upgrade foldperf");
  }
  connection_ = std::move(connection);
  uri_ = uri;
}

void ReadableFile::copy_to_private() {
  if (temporary_folder_.empty()) temporary_folder_ = make_temporary_folder();
  const std::string path = temporary_folder_ + "/private";
  auto copy = std::make_unique<sqlite::Connection>(path, sqlite::OpenMode::create, path_);
  sqlite3_backup* backup = sqlite3_backup_init(copy->handle(), "main", connection_->handle(), "main");
  if (!backup) copy->fail(sqlite3_errcode(copy->handle()), "copying");
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) copy->fail(code, "copying");
  copy->distrust();
  copy->exec("PRAGMA journal_mode=DELETE");
  connection_ = std::move(copy);
  uri_ = file_uri(path, "mode=ro");
}

}  // namespace foldperf::database

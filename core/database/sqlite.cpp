#include "core/database/sqlite.hpp"

#include <sqlite3.h>

#include <utility>

namespace foldperf::database::sqlite {
namespace {

ExitCode exit_code_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return ExitCode::bad_input;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ExitCode::system;
    default:
      return ExitCode::failure;
  }
}

// SQLite quotes what it finds in a file: one line of printable characters is made of it, and not a long one.
std::string one_line(std::string text) {
  constexpr std::size_t longest = 300;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a UTF-8 character
  return text.substr(0, end) + "...";
}

}  // namespace

SqliteError::SqliteError(int code, const std::string& file, const std::string& reason)
    : Error(file + ": " + one_line(reason), exit_code_of(code)), code_(code), reason_(one_line(reason)) {}

bool SqliteError::damaged() const noexcept {
  const int primary = primary_code();
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_FORMAT ||
         code_ == SQLITE_IOERR_READ || code_ == SQLITE_IOERR_SHORT_READ;
}

// A full disk is SQLITE_FULL; a quota or a file size limit reaches us as an I/O error of the write.
bool SqliteError::disk_full() const noexcept {
  return primary_code() == SQLITE_FULL || (primary_code() == SQLITE_IOERR && !damaged());
}

// "./file:a?b" is no URI. SQLite reads them in every name all the same, because ATTACH needs that and goes by the flags
// of the main database.
Connection::Connection(const std::string& path, OpenMode mode, std::string name)
    : Connection(Uri{path.starts_with("file:") ? "./" + path : path}, mode, std::move(name)) {}

Connection::Connection(const Uri& uri, OpenMode mode, std::string name) : name_(std::move(name)) {
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  flags |= mode == OpenMode::read_only    ? SQLITE_OPEN_READONLY
           : mode == OpenMode::read_write ? SQLITE_OPEN_READWRITE
                                          : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(uri.text.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string reason =
        std::string("cannot open: ") + (handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    sqlite3_close(handle_);
    throw SqliteError(code, name_, reason);
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

void Connection::distrust() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // No text or blob of ours comes near this: a length field of a damaged file must not make us allocate a gigabyte.
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, 64 << 20);
  exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0");
}

void Connection::exec(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, sql.size() > 120 ? "running SQL" : sql);
}

std::int64_t Connection::query_int(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Connection::query_text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

int Connection::changes() const { return sqlite3_changes(handle_); }

void Connection::fail(int code, std::string_view doing) const {
  throw SqliteError(code, name_, std::string(sqlite3_errmsg(handle_)) + " (" + std::string(doing) + ")");
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(&connection) {
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, &rest);
  if (code != SQLITE_OK) connection.fail(code, sql.substr(0, 120));
  const std::string_view tail(rest, static_cast<std::size_t>(sql.data() + sql.size() - rest));
  if (!statement_ || tail.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement_);
    throw SqliteError(SQLITE_ERROR, connection.name(), "exactly one SQL statement is expected");
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

void Statement::check(int code, std::string_view doing) const {
  if (code != SQLITE_OK) connection_->fail(code, doing);
}

void Statement::bind(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value), "binding"); }
void Statement::bind(int index, double value) { check(sqlite3_bind_double(statement_, index, value), "binding"); }
void Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may hold one.
  check(
      sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8),
      "binding");
}
void Statement::bind_blob(int index, std::string_view bytes) {
  check(sqlite3_bind_blob64(statement_, index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC),
        "binding");
}
void Statement::bind_null(int index) { check(sqlite3_bind_null(statement_, index), "binding"); }
void Statement::bind_optional(int index, const std::optional<std::int64_t>& value) {
  value ? bind(index, *value) : bind_null(index);
}
void Statement::bind_text_or_null(int index, std::string_view text) {
  text.empty() ? bind_null(index) : bind(index, text);
}
void Statement::bind_column(int index, const Statement& from, int column) {
  check(sqlite3_bind_value(statement_, index, sqlite3_column_value(from.statement_, column)), "binding");
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const char* sql = sqlite3_sql(statement_);
  connection_->fail(code, std::string_view(sql ? sql : "").substr(0, 120));
}

void Statement::run() {
  // A failed step leaves the statement open: it must be reset, or the next transaction cannot start.
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() { sqlite3_reset(statement); }
  } reset_at_end{statement_};
  while (step()) {
  }
}

void Statement::reset() { sqlite3_reset(statement_); }

int Statement::columns() const { return sqlite3_column_count(statement_); }
std::string_view Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name ? name : "";
}
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_text(statement_, column);
  return bytes ? std::string_view(static_cast<const char*>(bytes),
                                  static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
               : std::string_view();
}
std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}
bool Statement::read_only() const { return sqlite3_stmt_readonly(statement_) != 0; }

}  // namespace foldperf::database::sqlite

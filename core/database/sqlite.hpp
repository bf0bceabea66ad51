// Thin RAII over SQLite's C interface: only what the run database needs. sqlite3.h stays out of this header.
// A Connection and its Statements are used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace foldperf::database::sqlite {

// What SQLite refused. code: its (extended) result code. what() is "file: reason".
class SqliteError : public Error {
 public:
  SqliteError(int code, const std::string& file, const std::string& reason);
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] int primary_code() const noexcept { return code_ & 0xFF; }
  // The file itself is not what it should be, as against the machine or the SQL.
  [[nodiscard]] bool damaged() const noexcept;
  // No room to write: disk, quota or file size limit.
  [[nodiscard]] bool disk_full() const noexcept;

 private:
  int code_;
  std::string reason_;
};

enum class OpenMode { read_only, read_write, create };

// A "file:" URI, as file_uri() of open_file.hpp makes it: never a path that a person gave.
struct Uri {
  std::string text;
};

class Connection {
 public:
  // `name` is what messages call the file. A path is taken as it is, also one that begins with "file:".
  Connection(const std::string& path, OpenMode mode, std::string name);
  Connection(const Uri& uri, OpenMode mode, std::string name);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void exec(const std::string& sql);  // any number of statements
  std::int64_t query_int(const std::string& sql);
  std::string query_text(const std::string& sql);

  // Settings for files that may come from a stranger.
  void distrust();

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int changes() const;
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  sqlite3* handle_ = nullptr;
  std::string name_;
};

// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Text and blobs are not copied: they must live until the next step has returned.
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  void bind_null(int index);
  void bind_optional(int index, const std::optional<std::int64_t>& value);
  void bind_text_or_null(int index, std::string_view text);        // NULL when empty
  void bind_column(int index, const Statement& from, int column);  // a value as it is, copied

  bool step();  // true: a row is there
  void run();   // step to the end, then reset
  void reset();

  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string_view column_name(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  [[nodiscard]] bool read_only() const;

 private:
  void check(int code, std::string_view doing) const;
  Connection* connection_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace foldperf::database::sqlite

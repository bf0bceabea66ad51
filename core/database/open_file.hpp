// Opens run databases that others wrote, whatever state they are in.
#pragma once

#include <memory>
#include <string>

#include "core/database/sqlite.hpp"

namespace foldperf::database {

// A connection for reading, and the private copy it reads, where one had to be made.
class ReadableFile {
 public:
  // Throws InputError: no such file, a folder, empty, not a database, damaged beyond opening.
  // Never changes the file. Where a killed process left a write-ahead log in a folder that we may not write into, or a
  // transaction half done, file and log are copied to a temporary folder first.
  explicit ReadableFile(const std::string& path);
  ~ReadableFile();
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;

  [[nodiscard]] sqlite::Connection& connection() { return *connection_; }
  // A file: URI by which ATTACH finds the same content.
  [[nodiscard]] const sqlite::Uri& uri() const { return uri_; }

  // Replaces the connection by one to a private temporary copy, which may be written.
  void copy_to_private();

 private:
  void open(const sqlite::Uri& uri);
  void roll_back_copy();
  std::string path_;
  sqlite::Uri uri_;
  std::string temporary_folder_;
  std::unique_ptr<sqlite::Connection> connection_;
};

// "file:" URI of a path with its special characters escaped, and parameters like "mode=ro" behind it.
sqlite::Uri file_uri(const std::string& path, const std::string& parameters);

// Runs `f`; turns what SQLite says about the file at `path` into an InputError of one line.
template <class F>
decltype(auto) naming_damage(const std::string& path, F&& f) {
  try {
    return f();
  } catch (const sqlite::SqliteError& error) {
    if (error.damaged()) throw InputError(path, "is damaged: " + error.reason());
    throw;
  }
}

}  // namespace foldperf::database

// Large JSON files that are one object of many entries, read an entry at a time: caches and database indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Calls `use` with each member of the object that `text` is, in the file's order; only one of them is in memory at a
// time. `path` is for messages. Throws InputError, with the line, for a text that is no JSON, no object, or nested
// deeper than eight levels.
void for_each_json_entry(const std::string& text, const std::string& path,
                         const std::function<void(const std::string& key, const nlohmann::json& value)>& use);

// The fields of one entry, with their types checked. Throws InputError naming file, entry and field.
class JsonFields {
 public:
  JsonFields(const std::string& path, const std::string& entry, const nlohmann::json& value);

  // None where the field is absent or null.
  [[nodiscard]] std::optional<std::string> text(const char* name) const;
  [[nodiscard]] std::optional<double> number(const char* name) const;  // finite
  [[nodiscard]] std::optional<std::int64_t> integer(const char* name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const char* name) const;
  [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(const char* name) const;
  // YYYY-MM-DD; empty where absent.
  [[nodiscard]] std::string date(const char* name) const;
  // Residue letters, as `text`.
  [[nodiscard]] static bool is_sequence(std::string_view letters);

  [[noreturn]] void fail(const std::string& message) const;

 private:
  [[nodiscard]] const nlohmann::json* find(const char* name) const;

  const std::string& path_;
  const std::string& entry_;
  const nlohmann::json& value_;
};

// Writes a JSON file an entry at a time, as Python's json.dumps(..., indent=4) does. The file takes its name only in
// `finish`, so one that was cut off is never taken for a whole one. Throws SystemError where it cannot be written.
class JsonEntryWriter {
 public:
  explicit JsonEntryWriter(std::string path);
  JsonEntryWriter(const JsonEntryWriter&) = delete;
  JsonEntryWriter& operator=(const JsonEntryWriter&) = delete;
  ~JsonEntryWriter();

  void add(const std::string& key, const nlohmann::ordered_json& value);
  void finish();

 private:
  void write();

  std::string path_;
  std::string part_;
  std::string text_;  // not yet written
  int file_ = -1;
  bool is_first_ = true;
};

}  // namespace foldperf::trainer

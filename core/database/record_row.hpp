// How a record becomes a row: interned strings, and one value after another bound to a prepared statement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/database/sqlite.hpp"

namespace foldperf::database {

// Texts of StringIds and their ids. Bounded: past the limit a text gets a new id each time.
class StringTable {
 public:
  explicit StringTable(sqlite::Connection& connection);
  std::int64_t id_of(std::string_view text);
  void forget_uncommitted();
  void commit() { uncommitted_.clear(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  sqlite::Statement insert_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;
  std::vector<std::string> uncommitted_;
  std::int64_t next_id_ = 1;
  std::size_t held_bytes_ = 0;
};

// Binds the values of one row in the order of its columns, then writes it. Texts must live until write().
class Row {
 public:
  Row(StringTable& strings, sqlite::Statement& statement) : strings_(strings), statement_(statement) {}
  Row& operator<<(std::int64_t value);
  Row& operator<<(std::int32_t value) { return *this << std::int64_t{value}; }
  Row& operator<<(std::uint32_t value) { return *this << std::int64_t{value}; }
  Row& operator<<(bool value) { return *this << std::int64_t{value}; }
  Row& operator<<(const std::optional<std::uint32_t>& value) {
    return *this << (value ? std::optional<std::int64_t>(*value) : std::nullopt);
  }
  Row& operator<<(double value);  // NULL where it is not finite
  Row& operator<<(const std::optional<std::int64_t>& value);
  Row& operator<<(std::string_view text);  // NULL where it is empty
  Row& name(std::string_view text);        // its id in StringIds, NULL where it is empty
  Row& blob(std::string_view bytes);       // NULL where it is empty
  void write() { statement_.run(); }

 private:
  StringTable& strings_;
  sqlite::Statement& statement_;
  int index_ = 1;
};

}  // namespace foldperf::database

#include "core/database/record_row.hpp"

#include <cmath>

namespace foldperf::database {
namespace {

constexpr std::size_t interned_bytes_limit = std::size_t{32} << 20;
constexpr std::size_t entry_bytes = 64;  // about what a map's entry costs beside its text

}  // namespace

StringTable::StringTable(sqlite::Connection& connection)
    : insert_(connection, "INSERT INTO StringIds(id, value) VALUES(?1, ?2)") {}

std::int64_t StringTable::id_of(std::string_view text) {
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  const std::int64_t id = next_id_++;
  insert_.bind(1, id);
  insert_.bind(2, text);
  insert_.run();
  if (held_bytes_ + text.size() < interned_bytes_limit) {
    held_bytes_ += text.size() + entry_bytes;
    ids_.emplace(text, id);
    uncommitted_.emplace_back(text);
  }
  return id;
}

void StringTable::forget_uncommitted() {
  for (const std::string& text : uncommitted_) {
    ids_.erase(text);
    held_bytes_ -= text.size() + entry_bytes;
  }
  uncommitted_.clear();
}

Row& Row::operator<<(std::int64_t value) {
  statement_.bind(index_++, value);
  return *this;
}
Row& Row::operator<<(double value) {
  std::isfinite(value) ? statement_.bind(index_, value) : statement_.bind_null(index_);
  ++index_;
  return *this;
}
Row& Row::operator<<(const std::optional<std::int64_t>& value) {
  statement_.bind_optional(index_++, value);
  return *this;
}
Row& Row::operator<<(std::string_view text) {
  statement_.bind_text_or_null(index_++, text);
  return *this;
}
Row& Row::name(std::string_view text) {
  return text.empty() ? *this << std::optional<std::int64_t>() : *this << strings_.id_of(text);
}
Row& Row::blob(std::string_view bytes) {
  bytes.empty() ? statement_.bind_null(index_) : statement_.bind_blob(index_, bytes);
  ++index_;
  return *this;
}

}  // namespace foldperf::database

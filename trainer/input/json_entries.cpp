#include "trainer/input/json_entries.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

using nlohmann::json;

namespace {

constexpr std::size_t deepest = 8;
constexpr std::size_t shown_characters = 80;

// What the parser says, without its own prefix and without the text it has read, which may be long.
std::string reason_of(const std::string& message) {
  const std::size_t start = message.find(": ");
  std::string reason = start == std::string::npos ? message : message.substr(start + 2);
  const std::size_t read = reason.find("; last read: ");
  if (read != std::string::npos) reason.resize(read);
  return reason;
}

// Builds one entry after the other.
class EntryBuilder final : public nlohmann::json_sax<json> {
 public:
  using Use = std::function<void(const std::string&, const json&)>;
  EntryBuilder(const std::string& text, const std::string& path, const Use& use)
      : text_(text), path_(path), use_(use) {}

  bool null() override { return put(json()); }
  bool boolean(bool value) override { return put(json(value)); }
  bool number_integer(number_integer_t value) override { return put(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(json(value)); }
  bool number_float(number_float_t value, const string_t& /*digits*/) override { return put(json(value)); }
  bool string(string_t& value) override { return put(json(std::move(value))); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*count*/) override {
    if (!in_file_) return in_file_ = true;
    return open(json::object());
  }
  bool start_array(std::size_t /*count*/) override {
    refuse_at_root();
    return open(json::array());
  }
  bool key(string_t& name) override {
    if (open_.empty()) {
      entry_ = std::move(name);
    } else {
      member_ = &(*open_.back())[std::move(name)];
    }
    return true;
  }
  bool end_object() override { return open_.empty() || close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string& /*token*/, const json::exception& error) override {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(position, text_.size()));
    const auto line = 1 + static_cast<std::size_t>(std::count(text_.begin(), end, '\n'));
    std::string message = "is not valid JSON: " + reason_of(error.what());
    if (!entry_.empty()) message += " (in or after the entry '" + entry_.substr(0, shown_characters) + "')";
    throw InputError(path_, line, message + "; the file is damaged or truncated");
  }

 private:
  void refuse_at_root() const {
    if (!in_file_) throw InputError(path_, 1, "is no JSON object; a file {\"name\": entry, ...} was expected");
  }
  json* place(json value) {
    json& container = *open_.back();
    if (container.is_array()) {
      container.push_back(std::move(value));
      return &container.back();
    }
    *member_ = std::move(value);
    return member_;
  }
  bool put(json value) {
    refuse_at_root();
    if (open_.empty()) {
      use_(entry_, value);
    } else {
      place(std::move(value));
    }
    return true;
  }
  bool open(json container) {
    if (open_.size() + 1 >= deepest) {
      throw InputError(path_, "the entry '" + entry_.substr(0, shown_characters) + "' is nested too deep");
    }
    if (open_.empty()) {
      value_ = std::move(container);
      open_.push_back(&value_);
    } else {
      open_.push_back(place(std::move(container)));
    }
    return true;
  }
  bool close() {
    open_.pop_back();
    if (open_.empty()) use_(entry_, value_);
    return true;
  }

  const std::string& text_;
  const std::string& path_;
  const Use& use_;
  bool in_file_ = false;
  std::string entry_;
  json value_;
  json* member_ = nullptr;   // of the innermost object, named last
  std::vector<json*> open_;  // containers of the entry, the innermost last
};

template <typename Number>
Number to_integer(const JsonFields& fields, const char* name, const json& value) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
  if (!fits) fields.fail(std::string("'") + name + "' must be a whole number, not " + value.type_name());
  return value.get<Number>();
}

std::string to_text(const JsonFields& fields, const char* name, const json& value) {
  if (!value.is_string()) fields.fail(std::string("'") + name + "' must be a text, not " + value.type_name());
  return value.get<std::string>();
}

}  // namespace

void for_each_json_entry(const std::string& text, const std::string& path, const EntryBuilder::Use& use) {
  EntryBuilder builder(text, path, use);
  json::sax_parse(text, &builder);
}

JsonFields::JsonFields(const std::string& path, const std::string& entry, const json& value)
    : path_(path), entry_(entry), value_(value) {
  if (!value.is_object()) fail(std::string("must be an object {...}, not ") + value.type_name());
}

void JsonFields::fail(const std::string& message) const {
  throw InputError(path_, "entry '" + entry_.substr(0, shown_characters) + "': " + message);
}

const json* JsonFields::find(const char* name) const {
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> JsonFields::text(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  return to_text(*this, name, *value);
}

std::optional<double> JsonFields::number(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) fail(std::string("'") + name + "' must be a number, not " + value->type_name());
  const double number = value->get<double>();
  if (!std::isfinite(number)) fail(std::string("'") + name + "' is not finite");
  return number;
}

std::optional<std::int64_t> JsonFields::integer(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  return to_integer<std::int64_t>(*this, name, *value);
}

std::optional<std::vector<std::string>> JsonFields::texts(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) fail(std::string("'") + name + "' must be a list of texts, not " + value->type_name());
  std::vector<std::string> result;
  result.reserve(value->size());
  for (const json& item : *value) result.push_back(to_text(*this, name, item));
  return result;
}

std::optional<std::vector<std::int64_t>> JsonFields::integers(const char* name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) fail(std::string("'") + name + "' must be a list of numbers, not " + value->type_name());
  std::vector<std::int64_t> result;
  result.reserve(value->size());
  for (const json& item : *value) result.push_back(to_integer<std::int64_t>(*this, name, item));
  return result;
}

std::string JsonFields::date(const char* name) const {
  std::string date = text(name).value_or("");
  if (!date.empty() && !is_iso_date(date)) {
    fail(std::string("'") + name + "' is '" + date.substr(0, shown_characters) + "'; a date YYYY-MM-DD was expected");
  }
  return date;
}

bool JsonFields::is_sequence(std::string_view letters) {
  return std::all_of(letters.begin(), letters.end(), [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || letter == '-';
  });
}

JsonEntryWriter::JsonEntryWriter(std::string path)
    : path_(std::move(path)), part_(path_ + ".part-" + std::to_string(getpid())), text_("{") {
  file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) throw SystemError(part_ + ": cannot be made: " + std::system_category().message(errno));
}

JsonEntryWriter::~JsonEntryWriter() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(part_.c_str());
}

void JsonEntryWriter::write() {
  std::size_t done = 0;
  while (done < text_.size()) {
    const ssize_t count = ::write(file_, text_.data() + done, text_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError(part_ + ": cannot be written: " + std::system_category().message(errno));
    done += static_cast<std::size_t>(count);
  }
  text_.clear();
}

void JsonEntryWriter::add(const std::string& key, const nlohmann::ordered_json& value) {
  constexpr std::size_t block = std::size_t{1} << 20;
  // Names come from files: bytes that are no UTF-8 are replaced. One member's text, without its braces.
  std::string member = nlohmann::ordered_json{{key, value}}.dump(4, ' ', true, json::error_handler_t::replace);
  member.resize(member.size() - 2);
  text_.append(is_first_ ? "" : ",").append(member, 1);
  is_first_ = false;
  if (text_.size() >= block) write();
}

void JsonEntryWriter::finish() {
  text_ += is_first_ ? "}" : "\n}";
  write();
  const bool is_stored = ::fsync(file_) == 0;
  const int reason = errno;
  ::close(std::exchange(file_, -1));
  if (!is_stored || std::rename(part_.c_str(), path_.c_str()) != 0) {
    const std::string why = std::system_category().message(is_stored ? errno : reason);
    ::unlink(part_.c_str());
    throw SystemError(path_ + ": cannot be written: " + why);
  }
}

}  // namespace foldperf::trainer

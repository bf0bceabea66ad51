#include "collectors/host/proc_text.hpp"

#include <charconv>
#include <system_error>

namespace foldperf::collectors {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Takes the next word off the text; empty at its end.
std::string_view next_word(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && !is_space(text[length])) ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t length = text.find('\n');
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return line;
}

std::optional<std::int64_t> number(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

}  // namespace

void read_core_ticks(std::string_view text, std::vector<CoreTicks>& cores) {
  cores.clear();
  while (!text.empty()) {
    std::string_view line = next_line(text);
    // The cores stand first, after their sum.
    if (line.substr(0, 3) != "cpu") break;
    const auto core = number(next_word(line).substr(3));
    if (!core) continue;
    // user nice system idle iowait irq softirq steal; guest times behind are in user and nice already.
    CoreTicks ticks;
    ticks.core = *core;
    for (int field = 0; field < 8; ++field) {
      const auto value = number(next_word(line));
      if (!value) break;
      ticks.total += *value;
      if (field != 3 && field != 4) ticks.busy += *value;
    }
    cores.push_back(ticks);
  }
}

std::optional<std::int64_t> read_run_queue(std::string_view text) {
  for (int i = 0; i < 3; ++i) next_word(text);
  const std::string_view word = next_word(text);
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return number(word.substr(0, slash));
}

std::optional<std::int64_t> read_pressure_total_us(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) != "some") continue;
    while (!line.empty()) {
      const std::string_view word = next_word(line);
      if (word.substr(0, 6) == "total=") return number(word.substr(6));
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_page_cache_bytes(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) != "Cached:") continue;
    const auto kib = number(next_word(line));
    return kib ? std::optional(*kib * 1024) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_resident_pages(std::string_view text) {
  next_word(text);
  return number(next_word(text));
}

std::optional<ThreadTicks> read_thread_ticks(std::string_view text) {
  // The name stands in parentheses and may hold anything, parentheses too.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  ThreadTicks ticks;
  for (int field = 3; field <= 39; ++field) {  // as proc(5) counts
    const std::string_view word = next_word(text);
    if (field != 14 && field != 15 && field != 39) continue;
    const auto value = number(word);
    if (!value) return std::nullopt;
    (field == 39 ? ticks.core : ticks.ticks) += *value;
  }
  return ticks;
}

void read_numbers(std::string_view text, std::vector<std::int64_t>& numbers) {
  while (true) {
    const std::string_view word = next_word(text);
    if (word.empty()) return;
    if (const auto value = number(word)) numbers.push_back(*value);
  }
}

}  // namespace foldperf::collectors

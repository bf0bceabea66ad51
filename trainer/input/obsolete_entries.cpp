#include "trainer/input/obsolete_entries.hpp"

#include <set>
#include <vector>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t old_id_column = 20;
constexpr std::size_t new_id_column = 29;
constexpr std::size_t id_length = 4;

std::string read_id(std::string_view line, std::size_t column, const std::string& path, std::size_t number) {
  const std::string id = line.size() < column + id_length ? "" : in_small_letters(line.substr(column, id_length));
  bool is_id = !id.empty() && id[0] >= '0' && id[0] <= '9';
  for (const char letter : id) is_id = is_id && ((letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z'));
  if (!is_id) {
    throw InputError(path, number,
                     "no PDB id in columns " + std::to_string(column + 1) + " to " +
                         std::to_string(column + id_length) +
                         "; expected a line like 'OBSLTE    31-JUL-94 116L     216L'");
  }
  return id;
}

struct Replacement {
  std::string entry;
  std::size_t line = 0;
};

}  // namespace

ObsoleteEntries ObsoleteEntries::parse(std::string_view text, const std::string& path) {
  std::map<std::string, Replacement> direct;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.rfind("OBSLTE", 0) != 0) continue;
    std::string from = read_id(line, old_id_column, path, lines.number());
    if (line.size() <= old_id_column + id_length) continue;
    direct[std::move(from)] = {read_id(line, new_id_column, path, lines.number()), lines.number()};
  }
  ObsoleteEntries result;
  for (const auto& [entry, first] : direct) {
    std::vector<std::string> passed;
    std::set<std::string> seen{entry};
    std::string last = first.entry;
    for (;;) {
      // What was resolved before ends the walk: a line of many replacements costs no more than its length.
      const auto known = result.replacements_.find(last);
      if (known != result.replacements_.end()) {
        last = known->second;
        break;
      }
      const auto next = direct.find(last);
      if (next == direct.end()) break;
      if (!seen.insert(last).second) {
        throw InputError(path, next->second.line,
                         "the entries '" + last + "' and '" + next->second.entry +
                             "' replace each other in a circle; one of these lines must go");
      }
      passed.push_back(last);
      last = next->second.entry;
    }
    result.replacements_[entry] = last;
    for (const std::string& id : passed) result.replacements_[id] = last;
  }
  return result;
}

ObsoleteEntries ObsoleteEntries::read(const std::filesystem::path& file) {
  return parse(read_text_file(file), file.string());
}

std::optional<std::string> ObsoleteEntries::replacement(std::string_view entry) const {
  const auto found = replacements_.find(in_small_letters(entry));
  if (found == replacements_.end()) return std::nullopt;
  return found->second;
}

}  // namespace foldperf::trainer

#include "trainer/input/fasta.hpp"

#include <unordered_map>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t longest_name = 200;  // with an ending a file's name, which most systems limit to 255 bytes

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string name_in(std::string_view header, const std::string& path, std::size_t line) {
  while (!header.empty() && (header.front() == ' ' || header.front() == '\t')) header.remove_prefix(1);
  std::string name(header.substr(0, header.find_first_of(" \t")));
  if (name.empty()) throw InputError(path, line, "a header without a name; a record begins with '>name'");
  if (name.size() > longest_name) {
    throw InputError(path, line,
                     "a name of " + std::to_string(name.size()) + " characters; files are named after it, so that " +
                         std::to_string(longest_name) + " is the most");
  }
  for (char& c : name) {
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_') c = '_';
  }
  if (name.front() == '.') name.front() = '_';
  return name;
}

}  // namespace

std::vector<FastaRecord> parse_fasta(std::string_view text, const std::string& path) {
  std::vector<FastaRecord> records;
  std::unordered_map<std::string, std::size_t> lines_of_names;
  std::size_t header_line = 0;
  bool ended = false;  // the sequence had its '*'
  const auto finish = [&] {
    if (!records.empty() && records.back().sequence.empty())
      throw InputError(path, header_line, "'" + records.back().name + "' has no residues");
  };
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty()) continue;
    if (line.front() == '>') {
      finish();
      header_line = lines.number();
      ended = false;
      std::string name = name_in(line.substr(1), path, header_line);
      const auto [earlier, is_new] = lines_of_names.emplace(name, header_line);
      if (!is_new) {
        throw InputError(path, header_line,
                         "a second '" + name + "'; the first one is in line " + std::to_string(earlier->second));
      }
      records.push_back({std::move(name), {}});
      continue;
    }
    if (records.empty())
      throw InputError(path, lines.number(), "text before the first header; a record begins with '>name'");
    for (const char c : line) {
      if (c == ' ' || c == '\t') continue;
      if (ended || (!is_letter(c) && c != '*')) {
        throw InputError(path, lines.number(), shown(c) + " in a sequence; it has letters alone, and may end with '*'");
      }
      if (c == '*') {
        ended = true;
      } else {
        records.back().sequence.push_back(static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c));
      }
    }
  }
  finish();
  if (records.empty()) throw InputError(path, "has no sequence; a record begins with '>name'");
  return records;
}

std::vector<FastaRecord> read_fasta(const std::filesystem::path& file) {
  return parse_fasta(read_text_file(file), file.string());
}

}  // namespace foldperf::trainer

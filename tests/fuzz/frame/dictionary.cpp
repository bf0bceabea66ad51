#include "tests/fuzz/frame/dictionary.hpp"

#include <charconv>
#include <stdexcept>

#include "trainer/input/text_file.hpp"

namespace foldperf::fuzz {

namespace {

std::string unescape(std::string_view quoted, std::size_t line) {
  const auto fail = [&](const char* what) {
    throw std::runtime_error("dictionary, line " + std::to_string(line) + ": " + what);
  };
  std::string word;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      word.push_back(quoted[i]);
      continue;
    }
    const std::string_view rest = quoted.substr(i + 1);
    if (rest.starts_with('\\') || rest.starts_with('"')) {
      word.push_back(rest.front());
      i += 1;
      continue;
    }
    unsigned byte = 0;
    const char* const digits = rest.data() + 1;
    if (rest.size() < 3 || rest.front() != 'x' || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) {
      fail(R"(a backslash must be \\, \" or \x and two digits)");
    }
    word.push_back(static_cast<char>(byte));
    i += 3;
  }
  if (word.empty()) fail("an empty word");
  return word;
}

}  // namespace

std::vector<std::string> parse_dictionary(std::string_view text) {
  std::vector<std::string> words;
  trainer::Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t start = line.find('"');
    if (start == std::string_view::npos || line.size() < start + 2 || line.back() != '"') {
      throw std::runtime_error("dictionary, line " + std::to_string(lines.number()) + ": expected name=\"word\"");
    }
    words.push_back(unescape(line.substr(start + 1, line.size() - start - 2), lines.number()));
  }
  return words;
}

}  // namespace foldperf::fuzz

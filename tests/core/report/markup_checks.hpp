// Checks that a test makes on HTML and SVG without a parser library.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace foldperf::report {

// Every element is closed in order, attributes are quoted, and no stray '<' stands in text. Gives the first problem.
inline testing::AssertionResult is_balanced(const std::string& markup) {
  static const std::set<std::string> empty{"meta", "link", "br", "wbr", "!DOCTYPE"};
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = markup.find('<', at)) != std::string::npos;) {
    const auto near = [&] { return markup.substr(at, 80); };
    std::size_t end = at + 1;
    char quote = 0;
    while (end < markup.size() && (quote != 0 || markup[end] != '>')) {
      if (quote == 0 && markup[end] == '<') return testing::AssertionFailure() << "stray '<': " << near();
      if (markup[end] == '"') quote = quote ? '\0' : '"';
      ++end;
    }
    if (end >= markup.size()) return testing::AssertionFailure() << "never ends: " << near();
    std::string tag = markup.substr(at + 1, end - at - 1);
    const bool closes = tag.starts_with('/');
    const bool alone = tag.ends_with('/');
    std::string name;
    for (const char c : closes ? tag.substr(1) : tag) {
      if (std::isspace(static_cast<unsigned char>(c)) || c == '/') break;
      name += c;
    }
    if (name.empty()) return testing::AssertionFailure() << "no name: " << near();
    if (closes) {
      if (open.empty() || open.back() != name)
        return testing::AssertionFailure() << "closes what is not open: " << near();
      open.pop_back();
    } else if (!alone && !empty.contains(name)) {
      open.push_back(name);
      if (name == "script" || name == "style") {  // raw text
        end = markup.find("</" + name + ">", end);
        if (end == std::string::npos) return testing::AssertionFailure() << "never closed: " << name;
        open.pop_back();
        end += name.size() + 2;
      }
    }
    at = end + 1;
  }
  if (!open.empty()) return testing::AssertionFailure() << "left open: " << open.back();
  return testing::AssertionSuccess();
}

// The tags of a page, and what its style sheet says: all of it that can act.
inline std::string tags_of(const std::string& markup) {
  std::string tags;
  for (std::size_t at = 0; (at = markup.find('<', at)) != std::string::npos;) {
    const std::size_t end = std::min(markup.find('>', at), markup.size() - 1);
    tags += markup.substr(at, end + 1 - at);
    at = end + 1;
  }
  const std::size_t style = markup.find("<style>");
  if (style != std::string::npos) tags += markup.substr(style, markup.find("</style>", style) - style);
  return tags;
}

inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

}  // namespace foldperf::report

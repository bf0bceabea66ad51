#include "trainer/input/mmcif_excerpt.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

// What parts two words of a line.
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
constexpr std::string_view blanks = " \t\r";

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

// CIF's reserved words begin with these; letters of either case count.
constexpr std::array<std::string_view, 5> keywords = {"data_", "loop_", "save_", "stop_", "global_"};

bool is_same_word(std::string_view text, std::string_view small_letters) {
  const auto is_same = [](char letter, char small) { return letter == small || letter - 'A' + 'a' == small; };
  return std::equal(text.begin(), text.end(), small_letters.begin(), small_letters.end(), is_same);
}

bool begins_with_keyword(std::string_view text) {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](std::string_view word) { return is_same_word(text.substr(0, word.size()), word); });
}

// Whether a tag or a reserved word may stand behind the first word of a line. Quotes are not looked at: what looks like
// one inside them makes the file one that has to be parsed.
bool may_hide_tag(std::string_view line) {
  for (std::size_t place = line.find('_', 1); place != std::string_view::npos; place = line.find('_', place + 1)) {
    if (is_blank(line[place - 1])) return true;
    const bool is_keyword = std::any_of(keywords.begin(), keywords.end(), [&](std::string_view word) {
      if (place < word.size() || !is_blank(line[place - word.size()])) return false;
      return is_same_word(line.substr(place + 1 - word.size(), word.size()), word);
    });
    if (is_keyword) return true;
  }
  return false;
}

// "_atom_site.id 1" gives "_atom_site.", in small letters.
std::string category_of(std::string_view line) {
  const std::size_t end = line.find_first_of(". \t\r");
  return in_small_letters(line.substr(0, end == std::string_view::npos ? end : end + 1));
}

class Excerpting {
 public:
  Excerpting(std::string_view text, std::span<const std::string_view> categories)
      : text_(text), categories_(categories) {}

  std::optional<MmcifExcerpt> take() {
    std::size_t start = 0;
    bool is_ended = false;  // by '#' as the last line
    while (start < text_.size()) {
      std::size_t end = std::min(text_.find('\n', start), text_.size());
      std::string_view line = text_.substr(start, end - start);
      const bool is_text_field = line.starts_with(';');
      line = without_blanks(line);
      if (is_text_field) {
        end = end_of_text_field(end);
        if (end == std::string_view::npos || !take_text_field()) return std::nullopt;
        is_ended = false;
      } else if (!line.empty()) {
        is_ended = line == "#";
        if (!take_line(line, start, end)) return std::nullopt;
      }
      start = end + 1;
    }
    leave(text_.size());
    if (!is_ended || excerpt_.atom_lines.empty()) return std::nullopt;
    return std::move(excerpt_);
  }

 private:
  enum class Place {
    before,     // no data block yet
    loop,       // just after "loop_"
    loop_tags,  // after a tag of a loop
    values,     // after another tag, or among the values
  };
  enum class Section { skipped, copied, atoms };

  // The end of the line that ends a text field, of which only the first line is known.
  [[nodiscard]] std::size_t end_of_text_field(std::size_t end_of_line) const {
    const std::size_t last = text_.find("\n;", end_of_line);
    if (last == std::string_view::npos) return last;
    const std::size_t rest = last + 2;
    const std::size_t end = std::min(text_.find('\n', rest), text_.size());
    return without_blanks(text_.substr(rest, end - rest)).empty() ? end : std::string_view::npos;
  }

  bool take_text_field() { return begin_value() && section_ != Section::atoms; }

  // `line` without blanks around it; it lies between `start` and `end`.
  bool take_line(std::string_view line, std::size_t start, std::size_t end) {
    if (line.front() == '#') return true;
    if (line.front() == '_') return take_tag(line, start);
    if (begins_with_keyword(line)) return take_keyword(line, start);
    if (!begin_value()) return false;
    if (section_ != Section::atoms) return !may_hide_tag(line);
    auto& stretches = excerpt_.atom_lines;
    const char* const last = stretches.empty() ? nullptr : stretches.back().data() + stretches.back().size();
    if (last != nullptr && last + 1 == text_.data() + start) {
      stretches.back() = {stretches.back().data(), stretches.back().size() + 1 + (end - start)};
    } else {
      stretches.push_back(text_.substr(start, end - start));
    }
    return true;
  }

  bool take_keyword(std::string_view line, std::size_t start) {
    const std::string word = in_small_letters(line);
    if (place_ == Place::before) {  // the block's name is the first thing in the file
      if (!word.starts_with("data_") || line.find_first_of(blanks) != std::string_view::npos) return false;
      excerpt_.tables.append(line).append("\n");
      place_ = Place::values;
      return true;
    }
    if (word != "loop_" || place_ == Place::loop) return false;
    leave(start);
    place_ = Place::loop;
    loop_start_ = start;
    return true;
  }

  bool take_tag(std::string_view line, std::size_t start) {
    const std::string category = category_of(line);
    if (place_ == Place::before || may_hide_tag(line)) return false;
    if (place_ == Place::loop_tags) {
      if (category != category_) return false;
    } else {
      const bool is_loop = place_ == Place::loop;
      category_ = category;
      leave(start);
      place_ = is_loop ? Place::loop_tags : Place::values;
      if (std::find(categories_.begin(), categories_.end(), category) != categories_.end()) {
        section_ = Section::copied;
        section_start_ = is_loop ? loop_start_ : start;
      } else if (category == "_atom_site.") {
        if (!is_loop || !excerpt_.atom_tags.empty()) return false;
        section_ = Section::atoms;
      }
    }
    if (section_ != Section::atoms) return true;
    std::string tag = in_small_letters(line.substr(category_.size()));
    std::vector<std::string>& tags = excerpt_.atom_tags;
    if (tag.find_first_of(blanks) != std::string::npos || std::find(tags.begin(), tags.end(), tag) != tags.end())
      return false;
    tags.push_back(std::move(tag));
    return true;
  }

  // A value follows the tags of a loop, another value, or a tag alone.
  bool begin_value() {
    if (place_ == Place::before || place_ == Place::loop) return false;
    place_ = Place::values;
    return true;
  }

  void leave(std::size_t end) {
    if (section_ == Section::copied) excerpt_.tables += text_.substr(section_start_, end - section_start_);
    section_ = Section::skipped;
  }

  std::string_view text_;
  std::span<const std::string_view> categories_;
  MmcifExcerpt excerpt_;
  Place place_ = Place::before;
  Section section_ = Section::skipped;
  std::string category_;  // of the section
  std::size_t loop_start_ = 0;
  std::size_t section_start_ = 0;  // where it is copied
};

}  // namespace

std::optional<MmcifExcerpt> take_excerpt(std::string_view text, std::span<const std::string_view> categories) {
  return Excerpting(text, categories).take();
}

bool MmcifRow::split(std::string_view line) {
  size_ = 0;
  const char* at = line.data();
  const char* const end = at + line.size();
  for (;;) {
    while (at != end && is_blank(*at)) ++at;
    if (at == end) return true;
    if (size_ == most_values) return false;
    const char* const start = at;
    if (*at == '\'' || *at == '"') {  // up to the next such quote with a blank behind it
      do {
        ++at;
        while (at != end && *at != *start) ++at;
        if (at == end) return false;
      } while (at + 1 != end && !is_blank(at[1]) && at[1] != '#');
      ++at;
      if (at != end && *at == '#') return false;
    } else {
      if (*at == '_' || *at == '$' || *at == '#') return false;
      while (at != end && *at > ' ' && *at <= '~') ++at;
      if (at != end && !is_blank(*at)) return false;
      if (begins_with_keyword({start, static_cast<std::size_t>(at - start)})) return false;
    }
    values_[size_++] = {start, static_cast<std::size_t>(at - start)};
  }
}

}  // namespace foldperf::trainer

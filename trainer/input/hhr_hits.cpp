#include "trainer/input/hhr_hits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::string_view blanks = " \t";
constexpr std::size_t row_start = 17;                  // "Q " and the name fill the columns before it
constexpr std::int32_t largest_position = 10'000'000;  // no sequence is nearly as long

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes the next word of a line; empty at its end.
std::string_view next_word(std::string_view& line) {
  const std::size_t start = line.find_first_not_of(blanks);
  if (start == std::string_view::npos) return line = {};
  line.remove_prefix(start);
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

// What stands after "name=" in a summary line.
std::string_view value_of(std::string_view summary, std::string_view name) {
  const std::size_t place = summary.find(name);
  if (place == std::string_view::npos) return {};
  std::string_view rest = summary.substr(place + name.size());
  return next_word(rest);
}

// Number of columns in which both rows have a residue.
int matched_columns(std::string_view a, std::string_view b) {
  int count = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] != '-' && b[i] != '-' ? 1 : 0;
  return count;
}

class HhrReader {
 public:
  HhrReader(std::string_view text, const std::string& path) : text_(text), path_(path), lines_(text) {}

  std::vector<TemplateHit> read() {
    read_head();
    while (read_hit()) {
    }
    // Fewer alignments than the table has lines: cut between two of them.
    if (hits_.size() < in_table_ && !limits_alignments_) {
      fail("ends after " + std::to_string(hits_.size()) + " hits, but its table names " + std::to_string(in_table_) +
           "; the file is cut: make it again");
    }
    return std::move(hits_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(path_, std::max<std::size_t>(1, lines_.number()), message);
  }

  bool next() {
    has_line_ = lines_.next(line_);
    // Only lines at the margin name what they are; those between rows may hold anything.
    const auto offset = has_line_ && !line_.empty() ? static_cast<std::size_t>(line_.data() - text_.data()) : 0;
    at_margin_ = has_line_ && !line_.empty() && (offset == 0 || text_[offset - 1] == '\n' || text_[offset - 1] == '\r');
    return has_line_;
  }

  bool at_hit() const { return has_line_ && at_margin_ && (starts_with(line_, "No ") || line_ == "No"); }

  // Up to the first hit.
  void read_head() {
    while (next() && line_.empty()) {
    }
    if (!has_line_ || !starts_with(line_, "Query")) fail("is no hhr file: it must start with 'Query'");
    bool in_table = false;
    while (next() && !at_hit()) {
      if (starts_with(line_, "Command")) {
        limits_alignments_ = line_.find(" -b ") != line_.npos || line_.find(" -B ") != line_.npos;
      } else if (starts_with(line_, "No Hit")) {  // set in by a blank, so no hit
        in_table = true;
      } else if (in_table && !line_.empty()) {
        ++in_table_;
      } else {
        in_table = false;
      }
    }
  }

  // One hit, from its "No" line to the line before the next.
  bool read_hit() {
    if (!at_hit()) return false;
    TemplateHit hit;
    std::string_view rest = line_.substr(2);
    const auto index = number<int>(next_word(rest));
    if (!index || *index < 1 || !next_word(rest).empty()) fail("a hit must start with 'No' and its number");
    hit.index = *index;
    const std::string which = "hit " + std::to_string(hit.index);
    if (!next() || !starts_with(line_, ">")) fail(which + " has no header line: '>name' must follow its number");
    hit.name = line_.substr(1);
    if (!next()) fail(which + " ends after its header; the file is cut");
    read_summary(hit, which);
    const std::size_t summary_line = lines_.number();

    std::string query_consensus, hit_consensus;
    std::size_t query_row = 0;  // line of the query's row that waits for the hit's
    while (next() && !at_hit()) {
      const bool is_query = at_margin_ && starts_with(line_, "Q ");
      const bool is_hit = at_margin_ && starts_with(line_, "T ");
      if (!is_query && !is_hit) continue;
      const std::string_view kind = line_.substr(2);
      if (starts_with(kind, "ss_dssp") || starts_with(kind, "ss_pred")) continue;
      if (starts_with(kind, "Consensus")) {
        add_consensus(is_query ? query_consensus : hit_consensus);
      } else if (is_query) {
        if (query_row != 0) fail(which + " has a query row without the template's row after it");
        add_row(hit.query, hit.indices_query);
        query_row = lines_.number();
      } else {
        if (query_row == 0) fail(which + " has a template row without the query's row before it");
        add_row(hit.hit_sequence, hit.indices_hit);
        if (hit.hit_sequence.size() != hit.query.size()) {
          fail("the template's row differs in length from the query's in line " + std::to_string(query_row));
        }
        query_row = 0;
      }
    }
    const auto cut = [&](const std::string& what) {
      throw InputError(path_, query_row != 0 ? query_row : summary_line,
                       which + " " + what + "; the file is cut or damaged: make it again");
    };
    if (query_row != 0) cut("has a query row without the template's row after it");
    // Profiles have a match where both consensus rows have a letter; sequences may have a gap there.
    const bool has_consensus = !query_consensus.empty() && !hit_consensus.empty();
    const int columns =
        has_consensus ? matched_columns(query_consensus, hit_consensus) : matched_columns(hit.query, hit.hit_sequence);
    if (has_consensus ? columns != hit.aligned_cols : columns > hit.aligned_cols) {
      cut("has " + std::to_string(columns) + " aligned columns, but its summary says " +
          std::to_string(hit.aligned_cols));
    }
    if (hit.query.empty() && hit.aligned_cols > 0) cut("has no alignment");
    hits_.push_back(std::move(hit));
    return true;
  }

  void read_summary(TemplateHit& hit, const std::string& which) {
    if (!starts_with(line_, "Probab=")) fail(which + " has no summary line: 'Probab=' must follow its header");
    // Written as a number with a point by some versions.
    const auto columns = number<double>(value_of(line_, "Aligned_cols="));
    if (!columns || !(*columns >= 0 && *columns <= largest_position))
      fail(which + " has no number after Aligned_cols=");
    const auto sum_probs = number<double>(value_of(line_, "Sum_probs="));
    if (!sum_probs || !std::isfinite(*sum_probs)) fail(which + " has no number after Sum_probs=");
    hit.aligned_cols = static_cast<int>(*columns);
    hit.sum_probs = *sum_probs;
  }

  void add_consensus(std::string& row) {
    std::string_view rest = line_.substr(std::min(line_.size(), row_start));
    next_word(rest);
    row += next_word(rest);
  }

  // "first letters last (length)" after the name.
  void add_row(std::string& row, std::vector<std::int32_t>& indices) {
    std::string_view rest = line_.substr(std::min(line_.size(), row_start));
    const auto first = number<std::int32_t>(next_word(rest));
    const std::string_view letters = next_word(rest);
    const auto last = number<std::int32_t>(next_word(rest));
    const std::string_view length = next_word(rest);
    const bool has_length = length.size() >= 2 && length.front() == '(' && length.back() == ')';
    if (!first || !last || !has_length || *first < 1 || *first > largest_position || *last > largest_position) {
      fail("a row must be 'first letters last (length)' after column 17; the line is cut or damaged");
    }
    std::int32_t position = *first - 1;
    for (const char letter : letters) {
      if (letter != '-' && (letter < 'A' || letter > 'Z')) fail(shown(letter) + " is neither an amino acid nor a gap");
      indices.push_back(letter == '-' ? -1 : position++);
    }
    if (position != *last) {
      fail("the row has letters for positions " + std::to_string(*first) + " to " + std::to_string(position) +
           ", but says it ends at " + std::to_string(*last));
    }
    row += letters;
  }

  std::string_view text_;
  const std::string& path_;
  Lines lines_;
  std::string_view line_;
  bool has_line_ = false;
  bool at_margin_ = false;
  bool limits_alignments_ = false;
  std::size_t in_table_ = 0;
  std::vector<TemplateHit> hits_;
};

}  // namespace

std::vector<TemplateHit> parse_hhr(std::string_view text, const std::string& path) {
  return HhrReader(text, path).read();
}

}  // namespace foldperf::trainer

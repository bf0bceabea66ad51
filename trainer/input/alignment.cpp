#include "trainer/input/alignment.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.hpp"
#include "trainer/input/distinct_texts.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

// Eight times the same byte.
constexpr std::uint64_t bytes(char value) { return 0x0101010101010101U * static_cast<std::uint8_t>(value); }
constexpr std::uint64_t highest_bits = bytes('\x80');

// The highest bit of each byte says whether that byte, below 0x80, is at least `limit`.
constexpr std::uint64_t reaches(std::uint64_t word, char limit) {
  return word + bytes(static_cast<char>(0x80 - limit));
}

// How many characters from the start are capitals or gaps, all of which HHblits' alphabet has: eight at a time.
std::size_t count_aligned(std::string_view text) {
  static_assert(std::endian::native == std::endian::little, "the first character is taken for the lowest byte");
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    const std::uint64_t low = word & ~highest_bits;
    const std::uint64_t capitals = reaches(low, 'A') & ~reaches(low, 'Z' + 1);
    const std::uint64_t gaps = ~reaches(low ^ bytes('-'), 1);
    const std::uint64_t others = (~(capitals | gaps) | word) & highest_bits;
    if (others != 0) return i + static_cast<std::size_t>(std::countr_zero(others)) / 8;
  }
  const auto is_aligned = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; };
  while (i < text.size() && is_aligned(text[i])) ++i;
  return i;
}

std::string residues(std::size_t count) { return std::to_string(count) + (count == 1 ? " residue" : " residues"); }

// The rows of an alignment being read, one after the other.
class RowWriter {
 public:
  RowWriter(Alignment& alignment, const std::string& path) : alignment_(alignment), path_(path) {}

  void start_row() {
    row_.clear();
    inserted_ = 0;
  }
  void insert(std::size_t count) { inserted_ += count; }
  void append(std::string_view letters, std::size_t line) {
    if (inserted_ != 0) put_deletion(line);
    row_ += letters;
  }
  [[nodiscard]] const std::string& row() const { return row_; }
  // The first row settles the width.
  void finish_row() {
    if (rows_ == 0) alignment_.width = row_.size();
    alignment_.letters += row_;
    ++rows_;
  }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  void put_deletion(std::size_t line) {
    if (inserted_ > most_deletions) {
      throw InputError(path_, line,
                       std::to_string(inserted_) + " residues are inserted at one place, more than " +
                           std::to_string(most_deletions) + ": leave this sequence out");
    }
    alignment_.deletions.push_back({static_cast<std::uint32_t>(rows_), static_cast<std::uint32_t>(row_.size()),
                                    static_cast<std::int16_t>(inserted_)});
    inserted_ = 0;
  }

  Alignment& alignment_;
  const std::string& path_;
  std::string row_;
  std::size_t rows_ = 0;
  std::size_t inserted_ = 0;  // since the last column
};

// One line of an a3m row.
void append_a3m(RowWriter& rows, std::string_view text, const std::string& path, std::size_t line) {
  while (!text.empty()) {
    const std::size_t aligned = count_aligned(text);
    if (aligned != 0) rows.append(text.substr(0, aligned), line);
    std::size_t inserted = 0;
    std::size_t i = aligned;
    for (; i < text.size(); ++i) {
      const char c = text[i];
      if (c >= 'a' && c <= 'z') {
        ++inserted;
      } else if (c != '.') {  // with which HH-suite fills columns of insertions
        break;
      }
    }
    if (i == 0) throw InputError(path, line, shown(text[i]) + " is neither an amino acid nor a gap");
    rows.insert(inserted);
    text.remove_prefix(i);
  }
}

}  // namespace

Alignment parse_a3m(std::string_view text, const std::string& path) {
  Alignment result;
  RowWriter rows(result, path);
  std::size_t header_line = 0;
  // A row is complete at the next header: only then its length is known.
  const auto finish_row = [&] {
    const std::size_t length = rows.row().size();
    if (length == 0) throw InputError(path, header_line, "header without a sequence");
    if (rows.rows() != 0 && length != result.width) {
      throw InputError(path, header_line,
                       "this sequence has " + residues(length) +
                           " outside insertions, but the query (the first sequence) has " +
                           std::to_string(result.width));
    }
    rows.finish_row();
  };
  result.letters.reserve(text.size());
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '>') {
      if (header_line != 0) finish_row();
      header_line = lines.number();
      rows.start_row();
      continue;
    }
    if (header_line == 0) throw InputError(path, lines.number(), "an a3m file must start with a header line: '>name'");
    append_a3m(rows, line, path, lines.number());
  }
  if (header_line == 0) throw InputError(path, "holds no sequence");
  finish_row();
  return result;
}

namespace {

// A sequence of a Stockholm file comes in pieces, one in each block of lines.
struct Piece {
  std::string_view text;
  std::size_t next = 0;  // index of the row's next piece; 0 for none, as the first piece of all follows no other
};

struct StockholmRow {
  std::size_t first = 0, last = 0;  // pieces
  std::size_t columns = 0;
  std::size_t line = 0;  // of its last piece
};

struct StockholmRows {
  std::vector<Piece> pieces;
  std::vector<StockholmRow> rows;

  // The columns of a row after one another: in `buffer` where it has several pieces.
  std::string_view columns(const StockholmRow& row, std::string& buffer) const {
    if (row.first == row.last) return pieces[row.first].text;
    buffer.clear();
    for (std::size_t piece = row.first;; piece = pieces[piece].next) {
      buffer += pieces[piece].text;
      if (piece == row.last) return buffer;
    }
  }
};

StockholmRows split_stockholm(std::string_view text, const std::string& path) {
  StockholmRows result;
  DistinctTexts names;
  std::size_t expected = 0;  // row: the blocks name the rows in the same order
  bool ended = false;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.substr(0, 2) == "//") ended = true;
    if (line.empty() || line.front() == '#' || line.substr(0, 2) == "//") continue;
    ended = false;
    const std::size_t name_end = std::min(line.find(' '), line.find('\t'));
    std::size_t start = name_end;
    while (start < line.size() && (line[start] == ' ' || line[start] == '\t')) ++start;
    const std::string_view piece = line.substr(std::min(start, line.size()));
    if (piece.empty() || piece.find(' ') != std::string_view::npos || piece.find('\t') != std::string_view::npos) {
      throw InputError(path, lines.number(), "expected a sequence's name and one piece of its alignment");
    }
    const std::string_view name = line.substr(0, name_end);
    const std::size_t number = expected < names.size() && names[expected] == name ? expected : names.add(name).first;
    expected = number + 1 == names.size() ? 0 : number + 1;
    const std::size_t place = result.pieces.size();
    result.pieces.push_back({piece});
    if (number == result.rows.size()) {
      result.rows.push_back({place, place, 0, 0});
    } else {
      result.pieces[result.rows[number].last].next = place;
    }
    StockholmRow& row = result.rows[number];
    row.last = place;
    row.columns += piece.size();
    row.line = lines.number();
  }
  if (!ended) throw InputError(path, lines.number(), "the alignment does not end in '//': the file is truncated");
  if (result.rows.empty()) throw InputError(path, "holds no sequence");
  return result;
}

// Columns side by side that are all insertions (gaps in the query) or none.
struct ColumnRun {
  std::size_t start = 0, length = 0;
  bool is_insertion = false;
};

std::vector<ColumnRun> column_runs(std::string_view query) {
  std::vector<ColumnRun> runs;
  for (std::size_t column = 0; column < query.size(); ++column) {
    const bool is_insertion = query[column] == '-';
    if (runs.empty() || runs.back().is_insertion != is_insertion) runs.push_back({column, 0, is_insertion});
    ++runs.back().length;
  }
  return runs;
}

}  // namespace

Alignment parse_stockholm(std::string_view text, const std::string& path) {
  const StockholmRows stockholm = split_stockholm(text, path);
  const StockholmRow& query = stockholm.rows.front();
  std::string buffer;
  const std::vector<ColumnRun> runs = column_runs(stockholm.columns(query, buffer));
  std::size_t width = 0;
  for (const ColumnRun& run : runs) width += run.is_insertion ? 0 : run.length;
  Alignment result;
  result.letters.reserve(std::min(text.size(), stockholm.rows.size() * width));
  RowWriter rows(result, path);
  for (const StockholmRow& row : stockholm.rows) {
    if (row.columns != query.columns) {
      throw InputError(path, row.line,
                       "this sequence has " + std::to_string(row.columns) +
                           " columns, but the query (the first one) has " + std::to_string(query.columns));
    }
    const std::string_view columns = stockholm.columns(row, buffer);
    rows.start_row();
    for (const ColumnRun& run : runs) {
      const std::string_view letters = columns.substr(run.start, run.length);
      if (run.is_insertion) {
        rows.insert(run.length - static_cast<std::size_t>(std::count(letters.begin(), letters.end(), '-')));
      } else {
        rows.append(letters, row.line);
      }
    }
    const std::size_t aligned = count_aligned(rows.row());
    if (aligned != rows.row().size())
      throw InputError(path, row.line, shown(rows.row()[aligned]) + " is neither an amino acid nor a gap");
    rows.finish_row();
  }
  if (result.width == 0) throw InputError(path, query.line, "the query (the first sequence) has no residue");
  return result;
}

Alignment own_sequence_alignment(const std::string& sequence) { return {sequence.size(), sequence, {}}; }

}  // namespace foldperf::trainer

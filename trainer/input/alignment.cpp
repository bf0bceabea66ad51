#include "trainer/input/alignment.hpp"

#include <array>
#include <unordered_map>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// What a character of an a3m row is.
enum class Column : std::uint8_t { none, aligned, insertion, filler };

const std::array<Column, 256>& a3m_columns() {
  static const std::array<Column, 256> columns = [] {
    std::array<Column, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
      const char letter = static_cast<char>(c);
      if (letter >= 'a' && letter <= 'z') {
        table[c] = Column::insertion;
      } else if (hhblits_from_letter(letter)) {
        table[c] = Column::aligned;
      } else if (letter == '.') {
        table[c] = Column::filler;  // HH-suite fills insertion columns with dots
      }
    }
    return table;
  }();
  return columns;
}

std::string residues(std::size_t count) { return std::to_string(count) + (count == 1 ? " residue" : " residues"); }

}  // namespace

Alignment parse_a3m(std::string_view text, const std::string& path) {
  Alignment result;
  std::int32_t inserted = 0;
  std::size_t header_line = 0;
  // A row is complete at the next header: only then its length is known.
  const auto finish_row = [&] {
    if (result.sequences.empty()) return;
    const std::string& row = result.sequences.back();
    if (row.empty()) throw InputError(path, header_line, "header without a sequence");
    if (row.size() != result.width()) {
      throw InputError(path, header_line,
                       "this sequence has " + residues(row.size()) +
                           " outside insertions, but the query (the first sequence) has " +
                           std::to_string(result.width()));
    }
  };
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '>') {
      finish_row();
      header_line = lines.number();
      inserted = 0;
      result.descriptions.emplace_back(line.substr(1));
      result.sequences.emplace_back();
      continue;
    }
    if (result.sequences.empty())
      throw InputError(path, lines.number(), "an a3m file must start with a header line: '>name'");
    std::string& row = result.sequences.back();
    if (row.empty()) row.reserve(result.width());
    for (const char c : line) {
      switch (a3m_columns()[static_cast<unsigned char>(c)]) {
        case Column::aligned:
          row.push_back(c);
          result.deletions.push_back(inserted);
          inserted = 0;
          break;
        case Column::insertion:
          ++inserted;
          break;
        case Column::filler:
          break;
        case Column::none:
          throw InputError(path, lines.number(), shown(c) + " is neither an amino acid nor a gap");
      }
    }
  }
  finish_row();
  if (result.sequences.empty()) throw InputError(path, "holds no sequence");
  return result;
}

Alignment parse_stockholm(std::string_view text, const std::string& path) {
  struct Row {
    std::string sequence;
    std::size_t line = 0;  // of its last piece
  };
  std::vector<Row> rows;
  Alignment result;
  std::unordered_map<std::string, std::size_t> row_of_name;
  bool ended = false;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.substr(0, 2) == "//") ended = true;
    if (line.empty() || line.front() == '#' || line.substr(0, 2) == "//") continue;
    ended = false;
    constexpr std::string_view blanks = " \t";
    const std::size_t name_end = line.find_first_of(blanks);
    const std::size_t start = line.find_first_not_of(blanks, name_end);
    if (name_end == std::string_view::npos || line.find_first_of(blanks, start) != std::string_view::npos) {
      throw InputError(path, lines.number(), "expected a sequence's name and one piece of its alignment");
    }
    const auto [found, is_new] = row_of_name.emplace(line.substr(0, name_end), rows.size());
    if (is_new) {
      rows.emplace_back();
      result.descriptions.emplace_back(line.substr(0, name_end));
    }
    Row& row = rows[found->second];
    row.sequence += line.substr(start);
    row.line = lines.number();
  }
  if (!ended) throw InputError(path, lines.number(), "the alignment does not end in '//': the file is truncated");
  if (rows.empty()) throw InputError(path, "holds no sequence");

  const std::string query = rows.front().sequence;
  for (const Row& row : rows) {
    if (row.sequence.size() != query.size()) {
      throw InputError(path, row.line,
                       "this sequence has " + std::to_string(row.sequence.size()) +
                           " columns, but the query (the first one) has " + std::to_string(query.size()));
    }
    std::string& aligned = result.sequences.emplace_back();
    std::int32_t inserted = 0;
    for (std::size_t column = 0; column < query.size(); ++column) {
      const char c = row.sequence[column];
      if (query[column] == '-') {
        inserted += c != '-';
        continue;
      }
      if (!hhblits_from_letter(c)) throw InputError(path, row.line, shown(c) + " is neither an amino acid nor a gap");
      aligned.push_back(c);
      result.deletions.push_back(inserted);
      inserted = 0;
    }
  }
  if (result.width() == 0) throw InputError(path, rows.front().line, "the query (the first sequence) has no residue");
  return result;
}

Alignment own_sequence_alignment(const std::string& sequence) {
  return {{sequence}, std::vector<std::int32_t>(sequence.size(), 0), {"query"}};
}

}  // namespace foldperf::trainer

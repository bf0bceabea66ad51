// Reading input files whole, compressed or not, and splitting them into numbered lines.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// The bytes of a file; gzip is recognised by its content. Throws InputError for a file that is missing, empty,
// unreadable, larger than 4 GiB, or a damaged or truncated gzip file.
std::string read_text_file(const std::filesystem::path& path);

// Walks over the lines of a text: \n, \r\n and \r end one; blanks at both ends are removed.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  // False at the end. `number` is then that of the line read, from 1.
  bool next(std::string_view& line);
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  const char* return_ = nullptr;  // the next \r, or the text's end: few files have any, and are searched for it once
  std::size_t number_ = 0;
};

// A file's name without .gz at its end.
std::string name_without_gz(std::string_view name);

// ASCII letters in capitals and in small letters; all else as it is.
std::string in_capitals(std::string_view text);
std::string in_small_letters(std::string_view text);

// Whether a text is a date YYYY-MM-DD: then dates compare as texts do.
bool is_iso_date(std::string_view text);

// A character as a message shows it: 'x', or its code where it cannot be printed.
std::string shown(char character);

}  // namespace foldperf::trainer

#include "tests/fuzz/frame/mutations.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace foldperf::fuzz {

namespace {

// The standard's distributions differ between libraries; this does not.
std::size_t below(std::mt19937_64& random, std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(random() % limit);
}

std::size_t between(std::mt19937_64& random, std::size_t low, std::size_t high) {
  return low + below(random, high - low + 1);
}

struct Piece {
  std::size_t start = 0;
  std::size_t size = 0;
};

// Short ones are as likely as long ones, up to `longest`.
Piece some_piece(const std::string& text, std::mt19937_64& random, std::size_t longest) {
  const std::size_t start = below(random, text.size());
  const std::size_t scale = std::size_t{1} << below(random, 12);
  return {start, std::min({between(random, 1, scale), longest, text.size() - start})};
}

// A line with its end.
Piece some_line(const std::string& text, std::mt19937_64& random) {
  const std::size_t inside = below(random, text.size());
  const std::size_t before = inside == 0 ? std::string::npos : text.rfind('\n', inside - 1);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  const std::size_t end = text.find('\n', start);
  return {start, (end == std::string::npos ? text.size() : end + 1) - start};
}

// What people write between blanks.
Piece some_word(const std::string& text, std::mt19937_64& random) {
  constexpr std::string_view blanks = " \t\r\n,:[]{}\"";
  const std::size_t start = text.find_first_not_of(blanks, below(random, text.size()));
  if (start == std::string::npos) return {text.size(), 0};
  const std::size_t end = text.find_first_of(blanks, start);
  return {start, (end == std::string::npos ? text.size() : end) - start};
}

void flip_bits(std::string& text, std::mt19937_64& random, std::size_t count) {
  for (; count > 0; --count) {
    char& byte = text[below(random, text.size())];
    byte = static_cast<char>(byte ^ (1 << below(random, 8)));
  }
}

// Numbers at the borders of types, and what readers of numbers trip over.
constexpr std::array<std::string_view, 18> numbers = {"-1",
                                                      "0",
                                                      "1",
                                                      "2147483647",
                                                      "2147483648",
                                                      "-2147483648",
                                                      "4294967296",
                                                      "9223372036854775807",
                                                      "-9223372036854775808",
                                                      "18446744073709551615",
                                                      "1e999",
                                                      "-1e-400",
                                                      "nan",
                                                      "inf",
                                                      "0x10",
                                                      "+5",
                                                      "1.",
                                                      "99999999999"};

std::string_view some_number(std::mt19937_64& random) { return numbers[below(random, numbers.size())]; }

}  // namespace

Mutator::Mutator(std::vector<std::string> seeds, std::vector<std::string> words, std::size_t max_length)
    : seeds_(std::move(seeds)), words_(std::move(words)), max_length_(max_length) {
  if (seeds_.empty()) throw std::invalid_argument("fuzzing needs a seed");
}

std::string Mutator::input(std::uint64_t seed, std::uint64_t round) const {
  std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(round), static_cast<std::uint32_t>(round >> 32)};
  Random random(mixed);
  std::string text = seeds_[below(random, seeds_.size())];
  for (std::size_t count = between(random, 1, 4); count > 0; --count) {
    if (text.empty()) text.push_back('x');
    mutate(text, random);
    if (text.size() > max_length_) text.resize(max_length_);
  }
  return text;
}

void Mutator::mutate(std::string& text, Random& random) const {
  const auto word = [&]() -> std::string_view {
    if (words_.empty() || below(random, 4) == 0) return some_number(random);
    return words_[below(random, words_.size())];
  };
  switch (below(random, 14)) {
    case 0:  // cut
      text.resize(below(random, text.size()) + 1);
      break;
    case 1: {  // cut at the end of a line
      const Piece line = some_line(text, random);
      text.resize(line.start + line.size);
      break;
    }
    case 2: {  // a piece is lost
      const Piece piece = some_piece(text, random, text.size());
      text.erase(piece.start, piece.size);
      break;
    }
    case 3:
      flip_bits(text, random, between(random, 1, 3));
      break;
    case 4:
      flip_bits(text, random, between(random, 1, 200));
      break;
    case 5:
      text[below(random, text.size())] = static_cast<char>(below(random, 256));
      break;
    case 6:
      text.insert(below(random, text.size() + 1), word());
      break;
    case 7: {
      const Piece piece = some_piece(text, random, 12);
      text.replace(piece.start, piece.size, word());
      break;
    }
    case 8: {
      const Piece old = some_word(text, random);
      text.replace(old.start, old.size, word());
      break;
    }
    case 9: {  // a number or name of the file at another place
      const Piece from = some_word(text, random);
      const std::string copy = text.substr(from.start, from.size);
      const Piece to = some_word(text, random);
      text.replace(to.start, to.size, copy);
      break;
    }
    case 10: {  // a line is lost, or said several times
      const Piece line = some_line(text, random);
      const std::string copy = text.substr(line.start, line.size);
      const std::size_t times = below(random, 5);
      if (times == 0) text.erase(line.start, line.size);
      for (std::size_t i = 1; i < times; ++i) text.insert(line.start, copy);
      break;
    }
    case 11: {  // a line goes elsewhere
      const Piece line = some_line(text, random);
      const std::string copy = text.substr(line.start, line.size);
      text.erase(line.start, line.size);
      const Piece other = text.empty() ? Piece() : some_line(text, random);
      text.insert(other.start, copy);
      break;
    }
    case 12: {  // one file's beginning, another one's end
      const std::string& other = seeds_[below(random, seeds_.size())];
      text.resize(below(random, text.size()) + 1);
      text.append(other, below(random, other.size()));
      break;
    }
    default: {  // a piece of another file
      const std::string& other = seeds_[below(random, seeds_.size())];
      if (other.empty()) break;
      const Piece piece = some_piece(other, random, other.size());
      text.insert(below(random, text.size() + 1), other, piece.start, piece.size);
    }
  }
}

}  // namespace foldperf::fuzz

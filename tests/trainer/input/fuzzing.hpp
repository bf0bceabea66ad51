// Damaged input files must give either a result or an InputError: never a crash, a hang or another exception.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "trainer/feed/random_stream.hpp"

namespace foldperf::testing {

// A copy that is cut, has lost a piece, or has up to `most_flips` bits flipped.
inline std::string damage(const std::string& text, trainer::RandomStream& random, std::int64_t most_flips = 200) {
  std::string result = text;
  const auto last = static_cast<std::int64_t>(text.size()) - 1;
  const std::int64_t kind = random.integer(0, 3);
  if (kind == 0) result.resize(static_cast<std::size_t>(random.integer(1, last)));
  if (kind == 1) {  // a piece is lost
    const auto start = static_cast<std::size_t>(random.integer(0, last));
    result.erase(start, static_cast<std::size_t>(random.integer(1, 2000)));
    if (result.empty()) result.push_back('x');
  }
  const std::int64_t flips = kind == 0 ? 0 : random.integer(1, kind == 2 ? 3 : most_flips);
  for (std::int64_t i = 0; i < flips; ++i) {
    const auto place = static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(result.size()) - 1));
    result[place] = static_cast<char>(result[place] ^ (1 << random.integer(0, 7)));
  }
  return result;
}

// `parse` is run on damaged copies of the text. It must refuse some by an InputError that begins with the
// file's name, "fuzz...", and throw nothing else.
inline void fuzz(const std::string& text, std::uint32_t seed, int rounds,
                 const std::function<void(const std::string&)>& parse, std::int64_t most_flips = 200) {
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    trainer::RandomStream random({seed, 0, static_cast<std::uint32_t>(round)}, trainer::Purpose::chain_order);
    const std::string damaged = damage(text, random, most_flips);
    try {
      parse(damaged);
    } catch (const InputError& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).rfind("fuzz", 0), 0U) << "names no file: " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace foldperf::testing

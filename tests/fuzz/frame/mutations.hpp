// Damaged copies of good inputs, for builds without libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace foldperf::fuzz {

class Mutator {
 public:
  // `seeds` are good inputs, at least one; `words` may be empty. Results are cut to `max_length` bytes.
  Mutator(std::vector<std::string> seeds, std::vector<std::string> words, std::size_t max_length);

  // The input of a round: always the same one for the same seeds, words and seed.
  [[nodiscard]] std::string input(std::uint64_t seed, std::uint64_t round) const;

 private:
  using Random = std::mt19937_64;
  void mutate(std::string& text, Random& random) const;

  std::vector<std::string> seeds_;
  std::vector<std::string> words_;
  std::size_t max_length_;
};

}  // namespace foldperf::fuzz

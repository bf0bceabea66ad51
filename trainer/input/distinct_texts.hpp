// Numbers texts in the order in which they are first met: a flat hash table over texts that lie elsewhere, for the tens
// of thousands of rows of an alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace foldperf::trainer {

class DistinctTexts {
 public:
  // The text's number, and whether it is met for the first time. The text must stay where it is.
  std::pair<std::size_t, bool> add(std::string_view text);
  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t number) const { return texts_[number].text; }

 private:
  struct Text {
    std::string_view text;
    std::size_t hash;
  };
  void grow();

  std::vector<Text> texts_;
  std::vector<std::uint32_t> places_;  // number + 1 of the text whose hash leads here, 0 where none does; 2^n places
};

}  // namespace foldperf::trainer

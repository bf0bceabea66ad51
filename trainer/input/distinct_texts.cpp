#include "trainer/input/distinct_texts.hpp"

#include <functional>
#include <limits>

#include "core/error.hpp"

namespace foldperf::trainer {

std::pair<std::size_t, bool> DistinctTexts::add(std::string_view text) {
  if (2 * (texts_.size() + 1) > places_.size()) grow();
  const std::size_t hash = std::hash<std::string_view>()(text);
  const std::size_t mask = places_.size() - 1;
  std::size_t place = hash & mask;
  for (; places_[place] != 0; place = (place + 1) & mask) {
    const std::size_t number = places_[place] - 1;
    if (texts_[number].hash == hash && texts_[number].text == text) return {number, false};
  }
  if (texts_.size() >= std::numeric_limits<std::uint32_t>::max()) throw Error("more than 4,294,967,295 rows");
  texts_.push_back({text, hash});
  places_[place] = static_cast<std::uint32_t>(texts_.size());
  return {texts_.size() - 1, true};
}

void DistinctTexts::grow() {
  places_.assign(places_.empty() ? 64 : 4 * places_.size(), 0);
  const std::size_t mask = places_.size() - 1;
  for (std::size_t number = 0; number < texts_.size(); ++number) {
    std::size_t place = texts_[number].hash & mask;
    while (places_[place] != 0) place = (place + 1) & mask;
    places_[place] = static_cast<std::uint32_t>(number + 1);
  }
}

}  // namespace foldperf::trainer

// "Did you mean": the known word that is closest to a misspelt one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::cli {

// Insertions, deletions, replacements and swaps of neighbours that make `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// nullopt where none is near: more than a third of the word, or 3, would have to change.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known);

}  // namespace foldperf::cli

// Which of the names that exist did a person mean?
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Levenshtein distance: single-character insertions, deletions and replacements.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name` (the first of equals; empty without candidates). A dotted candidate may also be met
// by its last part alone, so that "max_norm" finds "clip.max_norm".
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace foldperf::trainer

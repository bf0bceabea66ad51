// Names by which steps are known where a program tells no `step` ranges of the domain foldperf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldperf::facts {

// Whether a range's name is as `pattern` says; `*` stands for any text, also none.
bool name_matches(std::string_view pattern, std::string_view name);

// Names that trainers give their steps, best known first.
const std::vector<std::string>& known_step_names();

}  // namespace foldperf::facts

#include "core/facts/step_names.hpp"

namespace foldperf::facts {

bool name_matches(std::string_view pattern, std::string_view name) {
  // Goes back to the last star only: linear in what people write.
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

const std::vector<std::string>& known_step_names() {
  static const std::vector<std::string> names{
      "ProfilerStep#*",  // torch.profiler
      "[pl][profile]run_training_batch",
      "step",
      "step *",
      "train_step",
      "train_step *",
      "training_step",
      "training_step *",
      "train_batch",
      "iteration",
      "iteration *",
      "Iteration*",
      "iter *",
  };
  return names;
}

}  // namespace foldperf::facts

#include "core/analysis/kernel_summary.hpp"

#include <algorithm>

#include "core/analysis/saturate.hpp"

namespace foldperf::analysis {

std::size_t KernelSummary::Hash::operator()(const Place& place) const {
  std::uint64_t hash = static_cast<std::uint64_t>(place.stack) * 0x9E3779B97F4A7C15;
  hash = (hash ^ (hash >> 32) ^ static_cast<std::uint64_t>(place.name)) * 0x9E3779B97F4A7C15;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

void KernelSummary::add(const KernelGroup& group, std::int64_t ns) {
  if (last_ == nullptr || last_->number != group.step) {
    const auto [found, is_new] = by_number_.try_emplace(group.step, nullptr);
    if (is_new) {
      Step& step = group.step ? steps_.emplace_back() : steps_.emplace_front();
      step.number = group.step;
      found->second = &step;
    }
    last_ = found->second;
  }
  const auto [found, is_new] = last_->sums.try_emplace({group.stack, group.name}, Sums{0, 0, ns, ns});
  if (is_new) ++groups_;
  Sums& sums = found->second;
  ++sums.calls;
  add_to(sums.total_ns, ns);
  sums.min_ns = std::min(sums.min_ns, ns);
  sums.max_ns = std::max(sums.max_ns, ns);
}

void KernelSummary::move_sums(Step& step, std::vector<KernelSum>& to) {
  const auto first = static_cast<std::ptrdiff_t>(to.size());
  for (const auto& [place, sums] : step.sums) {
    to.push_back({{step.number, place.stack, place.name}, sums.calls, sums.total_ns, sums.min_ns, sums.max_ns});
  }
  std::sort(to.begin() + first, to.end(), [](const KernelSum& a, const KernelSum& b) { return a.group < b.group; });
  groups_ -= step.sums.size();
  by_number_.erase(step.number);
  if (last_ == &step) last_ = nullptr;
}

std::vector<KernelSum> KernelSummary::take_past_steps() {
  constexpr std::size_t open_steps = 2;
  std::vector<KernelSum> taken;
  if (groups_ <= most_groups_) return taken;
  auto step = steps_.begin();
  if (step != steps_.end() && !step->number) ++step;
  for (auto left = static_cast<std::size_t>(std::distance(step, steps_.end())); left > open_steps; --left) {
    move_sums(*step, taken);
    step = steps_.erase(step);
  }
  return taken;
}

std::vector<KernelSum> KernelSummary::take_all() {
  std::vector<KernelSum> taken;
  for (Step& step : steps_) move_sums(step, taken);
  steps_.clear();
  return taken;
}

}  // namespace foldperf::analysis

#include "core/analysis/kernel_summary.hpp"

#include <algorithm>

#include "core/analysis/saturate.hpp"

namespace foldperf::analysis {

std::size_t KernelSummary::Hash::operator()(const KernelGroup& group) const {
  std::uint64_t hash = group.step.has_value() ? 1 : 0;
  for (const std::int64_t part : {group.step.value_or(0), group.stack, group.name}) {
    hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

void KernelSummary::add(const KernelGroup& group, std::int64_t ns) {
  const auto [found, is_new] = places_.try_emplace(group, sums_.size());
  if (is_new) sums_.push_back({group, 0, 0, ns, ns});
  KernelSum& sum = sums_[found->second];
  ++sum.calls;
  add_to(sum.total_ns, ns);
  sum.min_ns = std::min(sum.min_ns, ns);
  sum.max_ns = std::max(sum.max_ns, ns);
}

std::vector<KernelSum> KernelSummary::sums() const {
  std::vector<KernelSum> sorted = sums_;
  std::sort(sorted.begin(), sorted.end(), [](const KernelSum& a, const KernelSum& b) { return a.group < b.group; });
  return sorted;
}

}  // namespace foldperf::analysis

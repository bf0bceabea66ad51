#include "core/analysis/launch_stacks.hpp"

#include <algorithm>

namespace foldperf::analysis {
namespace {

// Ranges that are open, outermost first, each with its stack's number as far as one was asked for.
class OpenStack {
 public:
  explicit OpenStack(StackNumbers& numbers) : numbers_(numbers) {}

  void push(const OpenRange& range) {
    close(range.start);
    if (open_.size() == deepest_stack) return;
    open_.push_back({&range, 0});
    earliest_end_ = std::min(earliest_end_, range.end);
  }

  std::int64_t number(std::int64_t time) {
    close(time);
    for (; numbered_ < open_.size(); ++numbered_) {
      const std::int64_t parent = numbered_ == 0 ? 0 : open_[numbered_ - 1].number;
      open_[numbered_].number = numbers_.child(parent, *open_[numbered_].range);
    }
    return open_.empty() ? 0 : open_.back().number;
  }

 private:
  struct Entry {
    const OpenRange* range;
    std::int64_t number;
  };

  // Not only from the inside: ranges of two domains need not nest.
  void close(std::int64_t time) {
    if (earliest_end_ > time) return;
    earliest_end_ = INT64_MAX;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (open_[i].range->end <= time) {
        numbered_ = std::min(numbered_, kept);
        continue;
      }
      earliest_end_ = std::min(earliest_end_, open_[i].range->end);
      open_[kept++] = open_[i];
    }
    open_.resize(kept);
    numbered_ = std::min(numbered_, kept);
  }

  StackNumbers& numbers_;
  std::vector<Entry> open_;
  std::size_t numbered_ = 0;
  std::int64_t earliest_end_ = INT64_MAX;
};

}  // namespace

std::size_t StackNumbers::Hash::operator()(const Key& key) const {
  std::uint64_t hash = 0;
  for (const std::int64_t part : {key.parent, key.text_id, key.domain_id, key.category}) {
    hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

StackNumbers::StackNumbers(const std::vector<StackNode>& known, std::int64_t next_id) : next_id_(next_id) {
  for (const StackNode& node : known) {
    ids_.try_emplace({node.parent, node.text_id, node.domain_id, node.category}, node.id);
  }
}

std::int64_t StackNumbers::child(std::int64_t parent, const OpenRange& range) {
  const auto [found, is_new] = ids_.try_emplace({parent, range.text_id, range.domain_id, range.category}, next_id_);
  if (is_new) added_.push_back({next_id_++, parent, range.text_id, range.domain_id, range.category});
  return found->second;
}

std::vector<std::int64_t> stacks_of_launches(const std::vector<OpenRange>& ranges,
                                             const std::vector<std::int64_t>& launches, StackNumbers& numbers) {
  std::vector<std::int64_t> stacks;
  stacks.reserve(launches.size());
  OpenStack open(numbers);
  std::size_t next = 0;
  for (const std::int64_t launch : launches) {
    for (; next < ranges.size() && ranges[next].start <= launch; ++next) open.push(ranges[next]);
    stacks.push_back(open.number(launch));
  }
  return stacks;
}

}  // namespace foldperf::analysis

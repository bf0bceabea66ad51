// Kernels of one rank added up by step, stack of ranges and name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace foldperf::analysis {

struct KernelGroup {
  std::optional<std::int64_t> step;  // empty: in no step
  std::int64_t stack = 0;            // id of range_stacks; 0: unknown
  std::int64_t name = 0;             // id of StringIds; 0: unknown
  auto operator<=>(const KernelGroup&) const = default;
};

struct KernelSum {
  KernelGroup group;
  std::int64_t calls = 0, total_ns = 0, min_ns = 0, max_ns = 0;
};

class KernelSummary {
 public:
  // most_groups: how many may come together before steps are taken out.
  explicit KernelSummary(std::size_t most_groups = 200'000) : most_groups_(most_groups) {}

  void add(const KernelGroup& group, std::int64_t ns);

  // Kernels come in the order of their times: of steps that began before the last two, little is still to come. What
  // comes all the same is a group again. by group, and forgotten here; nothing as long as there are few.
  std::vector<KernelSum> take_past_steps();
  std::vector<KernelSum> take_all();

 private:
  struct Place {
    std::int64_t stack, name;
    bool operator==(const Place&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Place& place) const;
  };
  struct Sums {
    std::int64_t calls = 0, total_ns = 0, min_ns = 0, max_ns = 0;
  };
  struct Step {
    std::optional<std::int64_t> number;
    std::unordered_map<Place, Sums, Hash> sums;
  };
  void move_sums(Step& step, std::vector<KernelSum>& to);

  std::size_t most_groups_;
  std::size_t groups_ = 0;
  std::list<Step> steps_;  // as they began; kernels of none first
  std::map<std::optional<std::int64_t>, Step*> by_number_;
  Step* last_ = nullptr;
};

}  // namespace foldperf::analysis

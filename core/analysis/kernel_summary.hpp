// Kernels of one rank added up by step, stack of ranges and name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace foldperf::analysis {

struct KernelGroup {
  std::optional<std::int64_t> step;  // empty: in no step
  std::int64_t stack = 0;            // id of range_stacks; 0: unknown
  std::int64_t name = 0;             // id of StringIds; 0: unknown
  bool operator==(const KernelGroup&) const = default;
  auto operator<=>(const KernelGroup&) const = default;
};

struct KernelSum {
  KernelGroup group;
  std::int64_t calls = 0, total_ns = 0, min_ns = 0, max_ns = 0;
};

class KernelSummary {
 public:
  void add(const KernelGroup& group, std::int64_t ns);
  [[nodiscard]] std::vector<KernelSum> sums() const;  // by group

 private:
  struct Hash {
    std::size_t operator()(const KernelGroup& group) const;
  };
  std::unordered_map<KernelGroup, std::size_t, Hash> places_;
  std::vector<KernelSum> sums_;
};

}  // namespace foldperf::analysis

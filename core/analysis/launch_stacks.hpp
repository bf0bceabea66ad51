// Under which NVTX ranges each launch was called: one sweep a thread over its ranges and its launches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace foldperf::analysis {

// A push/pop range of one thread. Ids as in NVTX_EVENTS; text_id is never 0.
struct OpenRange {
  std::int64_t start = 0;
  std::int64_t end = 0;  // INT64_MAX: was not closed
  std::int64_t text_id = 0;
  std::int64_t domain_id = 0;
  std::int64_t category = 0;
};

// A row of range_stacks without payload.
struct StackNode {
  std::int64_t id = 0;
  std::int64_t parent = 0;  // 0: an outermost range
  std::int64_t text_id = 0;
  std::int64_t domain_id = 0;
  std::int64_t category = 0;
};

// Numbers of the stacks of one rank: those known already, and new ones as they come.
class StackNumbers {
 public:
  // next_id: the first that no rank uses.
  StackNumbers(const std::vector<StackNode>& known, std::int64_t next_id);
  std::int64_t child(std::int64_t parent, const OpenRange& range);
  [[nodiscard]] const std::vector<StackNode>& added() const { return added_; }  // a parent before its children
  [[nodiscard]] std::int64_t next_id() const { return next_id_; }

 private:
  struct Key {
    std::int64_t parent, text_id, domain_id, category;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  std::unordered_map<Key, std::int64_t, Hash> ids_;
  std::vector<StackNode> added_;
  std::int64_t next_id_;
};

// Ranges nested deeper than this count for nothing.
constexpr std::size_t deepest_stack = 64;

// stacks[i] of launches[i]: the id of the ranges open at that moment, 0 where none was. Both by time; of ranges that
// start together the outermost first.
std::vector<std::int64_t> stacks_of_launches(const std::vector<OpenRange>& ranges,
                                             const std::vector<std::int64_t>& launches, StackNumbers& numbers);

}  // namespace foldperf::analysis

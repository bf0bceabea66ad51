// What the consumer knows of one thread of the program between two rounds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/records/records.hpp"

namespace foldperf::collectors {

struct OpenRange {
  records::NvtxRecord record;  // its views point into the strings below
  std::string text;
  std::string binary;
};

struct ThreadState {
  std::int64_t global_tid = 0;
  // Open push/pop ranges by domain, outermost first.
  std::vector<std::vector<OpenRange>> open{};
  std::uint64_t changes = 0;  // of `open`: who keeps what it made of it looks here

  // A workload fact waits for the node of a CUDA graph that may follow it: the kernel that it describes.
  std::optional<OpenRange> waiting_fact{};

  // Of the ranges that were open after `stack_changes` changes (RangeStacks).
  std::uint32_t stack = 0;
  std::uint64_t stack_changes = UINT64_MAX;

  // The latest node made here, until it is known whether it is a clone (GraphNodes).
  std::optional<records::GraphNodeRecord> pending_node{};
};

}  // namespace foldperf::collectors

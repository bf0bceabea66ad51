// Time by module of the model: forward, backward, recomputation (activation checkpointing) and evaluation apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/ranges.hpp"
#include "core/analysis/timeline.hpp"

namespace foldperf::analysis {

// How a module came to run. A module's forward inside the backward phase is a recomputation of activations.
enum class Pass : std::uint8_t { forward, backward, recompute, evaluation };
inline constexpr std::size_t pass_count = 4;
inline constexpr std::array<const char*, pass_count> pass_names{"forward", "backward", "recompute", "evaluation"};

struct PassTime {
  std::int64_t count = 0;
  std::int64_t total_ns = 0;  // with the modules inside; a module inside itself counts once
  std::int64_t self_ns = 0;   // without the modules inside
  PassTime& operator+=(const PassTime& other);
};

struct ModuleTime {
  std::string
      path;  // "evoformer.blocks.0.msa_att_row", or with repeated blocks folded: "evoformer.blocks.*.msa_att_row"
  std::size_t members = 1;  // modules folded into this one
  std::array<PassTime, pass_count> passes;
  [[nodiscard]] const PassTime& pass(Pass p) const { return passes[static_cast<std::size_t>(p)]; }
  // Forward, backward and recomputation: what a training step pays.
  [[nodiscard]] PassTime training() const;
};

// The paths as a tree. A node without ranges of its own (a list of blocks) has no passes but has children.
struct ModuleNode {
  std::string name;  // last part of the path
  std::string path;
  std::size_t parent = SIZE_MAX;
  std::vector<std::size_t> children;  // by training self time of the subtree, largest first
  std::array<PassTime, pass_count> passes;
  std::int64_t subtree_self_ns = 0;  // training self time of this and all below: what pictures show
};

struct ModuleAnalysis {
  std::vector<ModuleTime> modules;  // by training self time, largest first
  std::vector<ModuleTime> folded;   // repeated blocks folded, same order
  std::vector<ModuleNode> tree;     // of the folded paths; node 0 is the root (empty path); empty without modules
  bool tree_cut = false;            // paths went beyond the tree's limits: the rest counts as the last node's own time
  std::array<std::int64_t, pass_count> self_ns{};  // over all modules
};

// The tree's bounds. A model's own are far below; without them a file of one long path could take all memory.
inline constexpr std::size_t tree_depth_limit = 64;
inline constexpr std::size_t tree_path_limit = 1000;  // bytes
inline constexpr std::size_t tree_node_limit = 50000;

ModuleAnalysis analyze_modules(const RangeSet& set, const RankTimelines& phases);

// "evoformer.blocks.12.core" -> "evoformer.blocks.*.core": parts that are a number become a star.
std::string fold_path(const std::string& path);

}  // namespace foldperf::analysis

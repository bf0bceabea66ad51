#include "core/analysis/modules.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/analysis/call_tree.hpp"
#include "core/analysis/operators.hpp"
#include "core/analysis/phases.hpp"
#include "tests/core/analysis/range_builder.hpp"

namespace foldperf::analysis {
namespace {

ModuleAnalysis analyze(const RangeSet& set) { return analyze_modules(set, phase_timelines(set)); }

const ModuleTime& find(const std::vector<ModuleTime>& modules, const std::string& path) {
  for (const ModuleTime& module : modules) {
    if (module.path == path) return module;
  }
  throw std::out_of_range(path);
}

void expect_times(const PassTime& pass, std::int64_t count, std::int64_t total, std::int64_t self) {
  EXPECT_EQ(pass.count, count);
  EXPECT_EQ(pass.total_ns, total);
  EXPECT_EQ(pass.self_ns, self);
}

TEST(FoldPath, NumbersBecomeStars) {
  EXPECT_EQ(fold_path("evoformer.blocks.12.core.msa_transition"), "evoformer.blocks.*.core.msa_transition");
  EXPECT_EQ(fold_path("layer_norm_2.0"), "layer_norm_2.*");
  EXPECT_EQ(fold_path("7"), "*");
  EXPECT_EQ(fold_path(""), "");
  EXPECT_EQ(fold_path("a..b."), "a..b.");
}

TEST(Modules, SelfAndTotalByPass) {
  // forward [0, 100): alphafold 5..95 holds evoformer 10..60 (holds blocks.0 20..30, blocks.1 30..50);
  // backward [100, 200): evoformer backward 110..190, in it blocks.0 recomputed 120..130;
  // evaluation [300, 400): evoformer 310..330. Operators do not take self time from modules.
  const RangeSet set = Hand()
                           .phase("forward", 0, 100)
                           .module("alphafold", 5, 95)
                           .module("evoformer", 10, 60)
                           .module("evoformer.blocks.0", 20, 30)
                           .module("evoformer.blocks.1", 30, 50)
                           .op("aten::add", 31, 49)
                           .phase("backward", 100, 200)
                           .backward("evoformer", 110, 190)
                           .module("evoformer.blocks.0", 120, 130)
                           .phase("evaluation", 300, 400)
                           .module("evoformer", 310, 330)
                           .set();
  const ModuleAnalysis modules = analyze(set);
  expect_times(find(modules.modules, "alphafold").pass(Pass::forward), 1, 90, 40);
  const ModuleTime& evoformer = find(modules.modules, "evoformer");
  expect_times(evoformer.pass(Pass::forward), 1, 50, 20);
  expect_times(evoformer.pass(Pass::backward), 1, 80, 70);
  expect_times(evoformer.pass(Pass::evaluation), 1, 20, 20);
  expect_times(evoformer.training(), 2, 130, 90);
  expect_times(find(modules.modules, "evoformer.blocks.0").pass(Pass::recompute), 1, 10, 10);

  const ModuleTime& blocks = find(modules.folded, "evoformer.blocks.*");
  EXPECT_EQ(blocks.members, 2U);
  expect_times(blocks.pass(Pass::forward), 2, 30, 30);
  EXPECT_EQ(find(modules.folded, "evoformer").members, 1U);
  EXPECT_EQ(modules.self_ns[0], 90);
  EXPECT_EQ(modules.self_ns[1], 70);
  EXPECT_EQ(modules.self_ns[2], 10);
  EXPECT_EQ(modules.self_ns[3], 20);
}

TEST(Modules, TreeHoldsTheListsThatHaveNoRangeOfTheirOwn) {
  const ModuleAnalysis modules =
      analyze(Hand().module("a.blocks.0.x", 0, 10).module("a.blocks.1.x", 10, 30).module("b", 30, 35).set());
  ASSERT_EQ(modules.tree.size(), 6U);  // root, a, a.blocks, a.blocks.*, a.blocks.*.x, b
  EXPECT_EQ(modules.tree[0].subtree_self_ns, 35);
  ASSERT_EQ(modules.tree[0].children.size(), 2U);
  const ModuleNode& a = modules.tree[modules.tree[0].children[0]];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.subtree_self_ns, 30);
  EXPECT_EQ(a.passes[0].count, 0);
}

TEST(Modules, TreeOfAVeryDeepPathIsCut) {
  std::string deep = "a";
  for (int i = 0; i < 100000; ++i) deep += ".a";
  const ModuleAnalysis modules =
      analyze(Hand().module(deep, 0, 10).module("b." + std::string(5000, 'm'), 10, 30).module("c", 30, 35).set());
  EXPECT_TRUE(modules.tree_cut);
  EXPECT_EQ(modules.tree.size(), 1 + tree_depth_limit + 2 + 1);
  for (const ModuleNode& node : modules.tree) EXPECT_LE(node.path.size(), tree_path_limit);
  EXPECT_EQ(modules.tree[0].subtree_self_ns, 35) << "no time is lost";
  EXPECT_EQ(find(modules.modules, deep).pass(Pass::forward).self_ns, 10);
  EXPECT_FALSE(analyze(Hand().module("a.b.c", 0, 1).set()).tree_cut);
}

TEST(Modules, TreeOfVeryManyPathsIsCut) {
  Hand hand;
  const auto count = static_cast<std::int64_t>(tree_node_limit) + 10;
  for (std::int64_t i = 0; i < count; ++i) hand.module("m" + std::to_string(i), i, i + 1);
  const ModuleAnalysis modules = analyze(hand.set());
  EXPECT_TRUE(modules.tree_cut);
  EXPECT_EQ(modules.tree.size(), tree_node_limit);
  EXPECT_EQ(modules.tree[0].subtree_self_ns, count);
}

TEST(Modules, RecursionCountsOnceInTheTotal) {
  const ModuleAnalysis modules = analyze(Hand().module("m", 0, 100).module("m", 20, 40).set());
  expect_times(modules.modules[0].pass(Pass::forward), 2, 100, 100);
}

TEST(Modules, BackwardOnAnotherThreadCounts) {
  const RangeSet set = Hand().phase("backward", 0, 100).on(0, 2).backward("m", 10, 60).module("m", 20, 30).set();
  const ModuleAnalysis modules = analyze(set);
  expect_times(modules.modules[0].pass(Pass::backward), 1, 50, 40);
  expect_times(modules.modules[0].pass(Pass::recompute), 1, 10, 10);
}

// Self times of any ranges sum to what they cover, and a total is never below its self time.
TEST(Modules, RandomRangesKeepTheirSums) {
  std::mt19937 random(11);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  for (int round = 0; round < 100; ++round) {
    Hand hand;
    std::vector<bool> covered(2 * 400, false);
    for (int i = 0; i < 60; ++i) {
      const int thread = below(2);
      const int start = below(300);
      const int end = start + below(90);
      hand.on(0, thread).add(below(2) ? RangeClass::module : RangeClass::module_backward,
                             "m" + std::to_string(below(6)), start, end);
      for (int t = start; t < end; ++t) covered[static_cast<std::size_t>(thread * 400 + t)] = true;
    }
    const ModuleAnalysis modules = analyze(hand.set());
    std::int64_t self = 0;
    for (const ModuleTime& module : modules.modules) {
      for (const PassTime& pass : module.passes) {
        self += pass.self_ns;
        EXPECT_GE(pass.total_ns, pass.self_ns);
      }
    }
    EXPECT_EQ(self, std::count(covered.begin(), covered.end(), true)) << "round " << round;
    EXPECT_EQ(modules.tree[0].subtree_self_ns, self);
  }
}

TEST(Operators, SelfTimeByPhaseAndThread) {
  // add holds mul in forward; add in backward; add on a loader thread; a step that holds the forward only.
  const RangeSet set = Hand()
                           .step(0, 0, 100)
                           .phase("forward", 0, 100)
                           .op("add", 10, 50)
                           .op("mul", 20, 30)
                           .phase("backward", 100, 200)
                           .op("add", 100, 160)
                           .op("lerp_", 210, 220)
                           .on(0, 9)
                           .op("add", 0, 1000)
                           .set();
  const OperatorAnalysis ops = analyze_operators(set, phase_timelines(set), step_timelines(analyze_steps(set)));
  ASSERT_EQ(ops.operators.size(), 3U);
  const OperatorTime& add = ops.operators[0];
  EXPECT_EQ(add.name, "add");
  EXPECT_EQ(add.count, 3);
  EXPECT_EQ(add.total_ns, 40 + 60 + 1000);
  EXPECT_EQ(add.self_ns, 30 + 60 + 1000);
  EXPECT_EQ(add.forward_ns, 30);
  EXPECT_EQ(add.backward_ns, 60);
  EXPECT_EQ(add.background_ns, 1000);
  EXPECT_EQ(add.in_steps_ns, 30);
  EXPECT_EQ(ops.operators[1].name, "lerp_");  // equal self times: by name
  EXPECT_EQ(ops.operators[1].other_ns, 10);
  EXPECT_EQ(ops.operators[2].name, "mul");
  EXPECT_EQ(ops.self_ns, 1090 + 10 + 10);
}

TEST(Operators, AloneAreNotInTheBackground) {
  const RangeSet set = Hand().op("add", 0, 10).set();
  const OperatorAnalysis ops = analyze_operators(set, {}, {});
  EXPECT_EQ(ops.operators[0].background_ns, 0);
  EXPECT_EQ(ops.operators[0].other_ns, 10);
}

TEST(CallTree, NamesAndParents) {
  const CallTree tree = analyze_call_tree(Hand()
                                              .other("iteration", 0, 100)
                                              .other("forward", 10, 40)
                                              .other("layer", 15, 25)
                                              .other("backward", 50, 90)
                                              .on(0, 2)
                                              .other("load", 0, 30)
                                              .set());
  ASSERT_EQ(tree.nodes.size(), 6U);
  EXPECT_EQ(tree.self_ns, 130);
  EXPECT_EQ(tree.nodes[0].total_ns, 130);
  const CallNode& iteration = tree.nodes[tree.nodes[0].children[0]];
  EXPECT_EQ(iteration.name, "iteration");
  EXPECT_EQ(iteration.total_ns, 100);
  EXPECT_EQ(iteration.self_ns, 30);
  EXPECT_EQ(tree.nodes[iteration.children[0]].name, "backward");
  const CallNode& forward = tree.nodes[iteration.children[1]];
  EXPECT_EQ(forward.self_ns, 20);
  EXPECT_EQ(tree.nodes[forward.children[0]].name, "layer");
  EXPECT_EQ(tree.names[0].name, "backward");
  EXPECT_DOUBLE_EQ(tree.names[0].median_ns, 40);
}

TEST(CallTree, ManyNumberedNamesAreOne) {
  Hand many;
  for (int i = 0; i < 9; ++i) many.other("step " + std::to_string(i * 7), i * 10, i * 10 + 5);
  const CallTree folded = analyze_call_tree(many.set());
  ASSERT_EQ(folded.names.size(), 1U);
  EXPECT_EQ(folded.names[0].name, "step #");
  EXPECT_EQ(folded.names[0].count, 9);
  EXPECT_EQ(folded.names[0].self_ns, 45);
  const CallTree apart = analyze_call_tree(Hand().other("layer1", 0, 5).other("layer2", 5, 9).set());
  EXPECT_EQ(apart.names.size(), 2U);
}

TEST(CallTree, EmptyWithoutSuchRanges) {
  const CallTree tree = analyze_call_tree(Hand().module("m", 0, 5).set());
  EXPECT_TRUE(tree.names.empty());
  EXPECT_TRUE(tree.nodes.empty());
}

TEST(CallTree, DeepNestingDoesNotOverflow) {
  Hand hand;
  for (int i = 0; i < 60000; ++i) hand.other("f" + std::string(1, static_cast<char>('a' + i % 3)), i, 200000 - i);
  const CallTree tree = analyze_call_tree(hand.set());
  EXPECT_TRUE(tree.cut);
  EXPECT_LE(tree.nodes.size(), node_limit);
  EXPECT_EQ(tree.self_ns, 200000);
}

}  // namespace
}  // namespace foldperf::analysis

// Nodes of CUDA graphs get the ranges that were open at their capture, through clones and across threads.
#include "collectors/session/graph_nodes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collectors/session/range_matcher.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::uint64_t captured = std::uint64_t{7001} << 32;
constexpr std::uint64_t executable = std::uint64_t{7002} << 32;

// Plays events as a recorder does and reads what the file says of them.
class Capture {
 public:
  Capture() : path_(folder_ / "run.foldperf"), writer_(path_.string(), database::this_process()) {}

  void push(ThreadState& thread, std::string_view text) { add(thread, EventKind::push, {}, text); }
  void pop(ThreadState& thread) { add(thread, EventKind::pop, {}, {}); }
  void mark(ThreadState& thread, std::string_view text) { add(thread, EventKind::mark, {}, text); }
  void node(ThreadState& thread, std::uint64_t id) {
    add(thread, EventKind::graph_node, {.node = id, .graph = static_cast<std::uint32_t>(id >> 32)}, {});
  }
  void clone(ThreadState& thread, std::uint64_t id, std::uint64_t original) {
    add(thread, EventKind::graph_node_cloned,
        {.node = id,
         .original_node = original,
         .graph = static_cast<std::uint32_t>(id >> 32),
         .original_graph = static_cast<std::uint32_t>(original >> 32)},
        {});
  }
  // As CUPTI tells it at an instantiation: the new node, then that it is a clone.
  void instantiate(ThreadState& thread, std::uint64_t id, std::uint64_t original) {
    node(thread, id);
    clone(thread, id, original);
  }
  void end_round() {
    matcher_.end_round();
    nodes_.end_round(writer_);
  }
  void finish(std::initializer_list<ThreadState*> threads) {
    for (ThreadState* thread : threads) {
      nodes_.flush(writer_, *thread);
      matcher_.abandon(*thread);
    }
    writer_.close();
  }

  // "outer/inner" of the node's stack; "" where it has none, "?" where the file does not know the node.
  std::string stack_of(std::uint64_t raw_node) {
    database::sqlite::Connection db(path_.string(), database::sqlite::OpenMode::read_only, "run");
    database::sqlite::Statement read(
        db, "SELECT stackId FROM CUDA_GRAPH_NODE_EVENTS WHERE raw_graphNodeId = " + std::to_string(raw_node));
    if (!read.step()) return "?";
    std::int64_t stack = read.is_null(0) ? 0 : read.integer(0);
    EXPECT_FALSE(read.step()) << "two rows of one node";
    std::string path;
    while (stack != 0) {
      database::sqlite::Statement level(
          db,
          "SELECT parent, value FROM range_stacks JOIN StringIds ON StringIds.id = textId WHERE range_stacks.id = " +
              std::to_string(stack));
      if (!level.step()) return "broken";
      path = std::string(level.text(1)) + (path.empty() ? "" : "/" + path);
      stack = level.is_null(0) ? 0 : level.integer(0);
    }
    return path;
  }
  std::vector<records::NvtxRecord> marks;
  database::WriterStatus status() { return writer_.status(); }

 private:
  void add(ThreadState& thread, EventKind kind, const GraphEvent& event, std::string_view text) {
    EventHeader header = event.header(kind, ++time_);
    if (!text.empty()) header.text_kind = TextKind::inlined;
    const EventView view{&header, text, {}};
    matcher_.add(thread, view, text);
  }

  foldperf::testing::TemporaryFolder folder_;
  std::filesystem::path path_;
  database::RunWriter writer_;
  GraphNodes nodes_;
  std::int64_t time_ = 100;
  RangeMatcher matcher_{0,
                        [this](const records::NvtxRecord& record) {
                          if (record.event_type == records::NvtxEventType::mark) marks.push_back(record);
                        },
                        [this](ThreadState& thread, const EventHeader& event) {
                          return nodes_.add(writer_, thread, event, event.time_ns);
                        }};
};

TEST(GraphNodes, ACloneHasTheStackOfItsOriginal) {
  Capture capture;
  ThreadState thread{.global_tid = 1};
  capture.push(thread, "forward");
  capture.push(thread, "evoformer.blocks.0");
  capture.node(thread, captured | 0);
  capture.pop(thread);
  capture.node(thread, captured | 1);
  capture.pop(thread);
  capture.node(thread, captured | 2);
  capture.push(thread, "instantiate");
  for (std::uint64_t i = 0; i < 3; ++i) capture.instantiate(thread, executable | i, captured | i);
  capture.pop(thread);
  capture.finish({&thread});
  EXPECT_EQ(capture.stack_of(captured | 0), "forward/evoformer.blocks.0");
  EXPECT_EQ(capture.stack_of(executable | 0), "forward/evoformer.blocks.0");
  EXPECT_EQ(capture.stack_of(executable | 1), "forward");
  EXPECT_EQ(capture.stack_of(executable | 2), "");
  EXPECT_EQ(capture.status().dropped_total(), 0U);
}

TEST(GraphNodes, TheBackwardThreadHasItsOwnStack) {
  Capture capture;
  ThreadState forward{.global_tid = 1};
  ThreadState backward{.global_tid = 2};
  capture.push(forward, "step");
  capture.push(backward, "backward of linear");
  capture.node(backward, captured | 0);
  capture.node(forward, captured | 1);
  capture.instantiate(forward, executable | 0, captured | 0);
  capture.instantiate(forward, executable | 1, captured | 1);
  capture.finish({&forward, &backward});
  EXPECT_EQ(capture.stack_of(executable | 0), "backward of linear");
  EXPECT_EQ(capture.stack_of(executable | 1), "step");
}

TEST(GraphNodes, ACloneWaitsForAnOriginalThatIsReadLater) {
  Capture capture;
  ThreadState forward{.global_tid = 1};
  ThreadState backward{.global_tid = 2};
  capture.instantiate(forward, executable | 10, captured | 10);
  capture.end_round();
  capture.push(backward, "late");
  capture.node(backward, captured | 10);
  capture.end_round();
  capture.end_round();
  capture.finish({&forward, &backward});
  EXPECT_EQ(capture.stack_of(executable | 10), "late");
  EXPECT_EQ(capture.status().dropped_total(), 0U);
}

TEST(GraphNodes, ACloneWhoseOriginalNobodySawIsCounted) {
  Capture capture;
  ThreadState thread{.global_tid = 1};
  capture.push(thread, "not its stack");
  capture.instantiate(thread, executable | 20, captured | 20);
  for (int i = 0; i < 3; ++i) capture.end_round();
  const database::WriterStatus status = capture.status();
  capture.finish({&thread});
  EXPECT_EQ(capture.stack_of(executable | 20), "");
  EXPECT_EQ(status.dropped_total(), 1U);
}

TEST(GraphNodes, AWorkloadFactGetsTheNodeThatFollowsIt) {
  Capture capture;
  ThreadState thread{.global_tid = 1};
  const char* fact = R"({"kind":"workload","kernel":"layer_norm"})";
  capture.mark(thread, fact);
  capture.node(thread, captured | 30);
  capture.node(thread, captured | 31);
  capture.mark(thread, fact);
  capture.push(thread, "eager");
  capture.node(thread, captured | 32);
  capture.mark(thread, fact);
  capture.finish({&thread});
  ASSERT_EQ(capture.marks.size(), 3U);
  EXPECT_TRUE(capture.marks[0].graph_node_id.has_value());
  EXPECT_FALSE(capture.marks[1].graph_node_id.has_value());
  EXPECT_FALSE(capture.marks[2].graph_node_id.has_value());
}

}  // namespace
}  // namespace foldperf::collectors

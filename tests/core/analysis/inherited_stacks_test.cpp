// Ranges of graphs' nodes that a thread without ranges captured.
#include "core/analysis/inherited_stacks.hpp"

#include <gmock/gmock.h>

#include "core/database/merger.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::analysis {
namespace {

using database::sqlite::Connection;
using database::sqlite::OpenMode;
using database::sqlite::Statement;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr int pid = 100;

// node|path of its stack, clones marked with a star, in the order of node numbers.
std::vector<std::string> places(const std::string& path) {
  Connection run(path, OpenMode::read_only, path);
  Statement rows(
      run,
      "SELECT n.raw_graphNodeId||CASE WHEN n.eventClass=1 THEN '' ELSE '*' END||'|'||COALESCE(p.path,'none') "
      "FROM CUDA_GRAPH_NODE_EVENTS n LEFT JOIN stack_paths p ON p.id=n.stackId ORDER BY n.graphNodeId");
  std::vector<std::string> result;
  while (rows.step()) result.emplace_back(rows.text(0));
  return result;
}

class Capture {
 public:
  explicit Capture(const std::string& path) : writer_(path, info()) {
    writer_.add(records::NvtxDomainRecord{1, "foldperf"});
  }

  void range(std::int64_t tid, std::int64_t start, std::int64_t end, std::string_view text) {
    records::NvtxRecord record;
    record.start_ns = start, record.end_ns = end, record.text = text, record.domain_id = 1;
    record.global_tid_start = records::global_tid(pid, tid);
    writer_.add(record);
  }

  void graph(std::int64_t tid, std::uint32_t number) {
    records::GraphRecord record;
    record.at_ns = 1, record.graph = number, record.global_tid = records::global_tid(pid, tid);
    writer_.add(record);
  }

  void node(std::int64_t tid, std::int64_t at, std::int64_t number, std::uint32_t graph, std::uint32_t stack = 0) {
    records::GraphNodeRecord record;
    record.at_ns = at, record.node = number, record.raw_node = number, record.graph = graph, record.stack = stack;
    record.global_tid = records::global_tid(pid, tid);
    writer_.add(record);
  }

  void clone(std::int64_t number, std::int64_t original) {
    records::GraphNodeRecord record;
    record.at_ns = 900, record.node = number, record.raw_node = number, record.graph = 9;
    record.original_node = original, record.original_graph = 1;
    record.event_class = records::GraphEventClass::cloned, record.global_tid = records::global_tid(pid, pid);
    writer_.add(record);
  }

  void stack(std::uint32_t id, std::string_view text) {
    records::RangeStackRecord record;
    record.id = id, record.domain_id = 1, record.text = text;
    writer_.add(record);
  }

  void finish() { writer_.close(); }

 private:
  static database::ProcessInfo info() {
    database::ProcessInfo info;
    info.rank = 0, info.host = "node", info.pid = pid, info.start_utc_ns = 1'700'000'000'000'000'000;
    return info;
  }
  database::RunWriter writer_;
};

TEST(InheritedStacks, NodesOfAnotherThreadGetTheRangesOfTheGraphsMaker) {
  const TemporaryFolder folder;
  Capture capture(folder / "rank0.foldperf");
  constexpr std::int64_t maker = 7, autograd = 8;
  capture.graph(maker, 1);
  capture.stack(1, "forward");
  capture.range(maker, 100, 200, "forward");
  capture.range(maker, 300, 500, "backward");
  capture.range(maker, 350, 400, "hook");
  capture.range(pid, 0, 1000, "of the main thread");
  capture.node(maker, 150, 1, 1, 1);   // has its own
  capture.node(autograd, 320, 2, 1);   // backward
  capture.node(autograd, 360, 3, 1);   // backward/hook
  capture.node(autograd, 600, 4, 1);   // the maker had none open then
  capture.node(maker, 250, 5, 1);      // nor had its own thread
  capture.node(autograd, 320, 6, 77);  // nobody told who made its graph: the main thread
  capture.clone(12, 2);
  capture.clone(22, 12);  // a clone of the clone
  capture.clone(14, 4);
  capture.finish();
  const std::string run = folder / "run.db";
  database::merge_process_files({folder / "rank0.foldperf"}, run, {});

  EXPECT_EQ(inherit_stacks(run), 3);
  EXPECT_THAT(places(run), ElementsAre("1|forward", "2|backward", "3|backward/hook", "4|none", "5|none",
                                       "6|of the main thread", "12*|backward", "14*|none", "22*|backward"));
  EXPECT_EQ(inherit_stacks(run), 0);  // what is known stays
}

TEST(InheritedStacks, AFileThatIsNoRunIsRefusedByName) {
  const TemporaryFolder folder;
  testing::write_file(folder / "no.db", "not a database");
  EXPECT_THAT(testing::input_error([&] { inherit_stacks(folder / "no.db"); }), HasSubstr(folder / "no.db"));
}

}  // namespace
}  // namespace foldperf::analysis

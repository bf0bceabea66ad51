// Summaries of merged runs: kernels by step and module, tracks and their levels of detail.
#include "core/analysis/run_summaries.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/analysis/step_finder.hpp"
#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
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
using testing::TemporaryFolder;

std::vector<std::string> lines(const std::string& path, const std::string& sql) {
  Connection connection(path, OpenMode::read_only, path);
  Statement statement(connection, sql);
  std::vector<std::string> rows;
  while (statement.step()) {
    std::string row;
    for (int i = 0; i < statement.columns(); ++i) {
      row += (i ? "|" : "") + std::string(statement.is_null(i) ? "NULL" : statement.text(i));
    }
    rows.push_back(row);
  }
  return rows;
}

// Two steps of a rank: in each, forward with two modules and their kernels on the program's thread, one kernel of a
// second thread without ranges, and one launch of a graph whose only node was captured under "block/attention".
std::string process_file(const TemporaryFolder& folder, int rank) {
  const std::string path = folder / ("rank" + std::to_string(rank) + ".foldperf");
  database::ProcessInfo info;
  info.rank = rank, info.host = "node", info.pid = 100 + rank, info.start_utc_ns = 1'700'000'000'000'000'000;
  database::RunWriter writer(path, info);
  const std::int64_t main_thread = records::global_tid(info.pid, 1), other_thread = records::global_tid(info.pid, 2);
  writer.add(records::NvtxDomainRecord{1, "foldperf"});
  writer.add(records::NvtxCategoryRecord{1, 1, "step"});
  writer.add(records::NvtxCategoryRecord{1, 4, "module"});
  writer.add(records::KernelNameRecord{1, false, "gemm"});
  writer.add(records::KernelNameRecord{2, false, "softmax"});
  writer.add(records::ApiNameRecord{7, "cudaLaunchKernel"});
  records::RangeStackRecord stack;
  stack.id = 1, stack.domain_id = 1, stack.category = 0, stack.text = "block";
  writer.add(stack);
  stack.id = 2, stack.parent = 1, stack.category = 4, stack.text = "attention";
  writer.add(stack);
  records::GraphNodeRecord node;
  node.node = 1, node.graph = 1, node.stack = 2;
  writer.add(node);
  node.node = 2, node.graph = 2, node.event_class = records::GraphEventClass::cloned;
  node.original_node = 1, node.original_graph = 1, node.stack = 0;
  writer.add(node);

  const auto add_range = [&](std::int64_t start, std::int64_t end, std::string_view text, int category,
                             std::optional<std::int64_t> payload = std::nullopt) {
    records::NvtxRecord record;
    record.start_ns = start, record.end_ns = end, record.text = text, record.domain_id = 1;
    record.category = static_cast<std::uint32_t>(category), record.global_tid_start = main_thread;
    if (payload) record.payload = records::NvtxPayload::of_int64(*payload);
    writer.add(record);
  };
  std::uint32_t correlation = 0;
  const auto launch = [&](std::int64_t at, std::int64_t thread, std::uint32_t name, std::int64_t start, std::int64_t ns,
                          bool graph = false) {
    records::RuntimeRecord call;
    call.start_ns = at, call.end_ns = at + 5, call.correlation_id = ++correlation, call.name_key = 7;
    call.global_tid = thread;
    writer.add(call);
    records::KernelRecord kernel;
    kernel.start_ns = start, kernel.end_ns = start + ns, kernel.correlation_id = correlation, kernel.name_key = name;
    kernel.stream_id = 7, kernel.global_pid = records::global_pid(info.pid);
    if (graph) kernel.graph_id = 2, kernel.graph_node_id = 2;
    writer.add(kernel);
  };
  for (int step = 0; step < 2; ++step) {
    const std::int64_t at = 10'000 * step;
    add_range(at, at + 1000, "step", 1, 40 + step);
    add_range(at + 100, at + 900, "forward", 0);
    add_range(at + 100, at + 300, "attention", 4);
    add_range(at + 400, at + 600, "mlp", 4);
    // The GPU is behind: the last kernels of a step run after its end.
    launch(at + 150, main_thread, 1, at + 500, 100);
    launch(at + 160, main_thread, 1, at + 600, 120);
    launch(at + 170, main_thread, 2, at + 720, 10);
    launch(at + 450, main_thread, 1, at + 2000, 30);
    launch(at + 650, other_thread, 2, at + 3000, 40);
    launch(at + 950, main_thread, 1, at + 4000, 50, true);
  }
  launch(30'000, main_thread, 2, 30'100, 7);
  writer.close();
  return path;
}

constexpr const char* summaries =
    "SELECT k.step,p.path,n.value,k.calls,k.total_ns,COALESCE(k.min_ns,k.total_ns),"
    "COALESCE(k.max_ns,k.total_ns) FROM summary_kernels k LEFT JOIN stack_paths p ON p.id=k.stackId LEFT JOIN "
    "StringIds n ON n.id=k.nameId WHERE k.rank=1 "
    "ORDER BY k.step,p.path,n.value";

TEST(RunSummaries, KernelsAreAddedUpByStepStackAndName) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({process_file(folder, 0), process_file(folder, 1)}, run, {});
  find_steps(run);
  summarize_run(run);
  EXPECT_THAT(
      lines(run, summaries),
      ElementsAre("NULL|NULL|softmax|1|7|7|7", "40|NULL|softmax|1|40|40|40", "40|block/attention|gemm|1|50|50|50",
                  "40|step/forward/attention|gemm|2|220|100|120", "40|step/forward/attention|softmax|1|10|10|10",
                  "40|step/forward/mlp|gemm|1|30|30|30", "41|NULL|softmax|1|40|40|40",
                  "41|block/attention|gemm|1|50|50|50", "41|step/forward/attention|gemm|2|220|100|120",
                  "41|step/forward/attention|softmax|1|10|10|10", "41|step/forward/mlp|gemm|1|30|30|30"));
  // Kernels of graphs and others together.
  EXPECT_THAT(lines(run, "SELECT step,module,kernels,ns FROM module_time WHERE rank=0 AND step=40"),
              ElementsAre("40|NULL|1|40", "40|attention|4|280", "40|mlp|1|30"));
  EXPECT_THAT(lines(run, "SELECT rank,sum(kernels),sum(ns) FROM module_time GROUP BY 1"),
              ElementsAre("0|13|707", "1|13|707"));
  // Again: the same, and no stack twice.
  const auto stacks = lines(run, "SELECT * FROM range_stacks");
  const auto sums = lines(run, summaries);
  summarize_run(run);
  EXPECT_EQ(lines(run, summaries), sums);
  EXPECT_EQ(lines(run, "SELECT * FROM range_stacks"), stacks);
}

TEST(RunSummaries, TracksHoldAllRows) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({process_file(folder, 0), process_file(folder, 1)}, run, {});
  find_steps(run);
  summarize_run(run);
  EXPECT_THAT(lines(run,
                    "SELECT kind,streamId,globalTid%16777216,depth,rows,start,\"end\",busy_ns FROM timeline_tracks "
                    "WHERE rank=1 ORDER BY kind DESC,depth,globalTid"),
              ElementsAre("stream|7|NULL|NULL|13|500|30107|707", "nvtx|NULL|1|0|2|0|11000|2000",
                          "nvtx|NULL|1|1|2|100|10900|1600", "nvtx|NULL|1|2|4|100|10600|800",
                          "api|NULL|1|NULL|11|150|30005|55", "api|NULL|2|NULL|2|650|10655|10"));
  EXPECT_THAT(lines(run,
                    "SELECT DISTINCT b.busy,b.rows FROM timeline_tracks t LEFT JOIN (SELECT track,level,sum(busy_ns) "
                    "AS busy,sum(rows) AS rows FROM timeline_lod GROUP BY 1,2) b ON b.track=t.track "
                    "AND b.busy=t.busy_ns AND b.rows=t.rows WHERE b.track IS NULL"),
              ElementsAre());
  // The longest kernel of the first microsecond, found by its row.
  EXPECT_THAT(lines(run,
                    "SELECT b.longestTable,k.\"end\"-k.start FROM timeline_lod b JOIN timeline_tracks t USING(track) "
                    "JOIN CUPTI_ACTIVITY_KIND_KERNEL k ON k.rowid=b.longestRow WHERE t.rank=1 AND t.kind='stream' "
                    "ORDER BY b.start LIMIT 1"),
              ElementsAre("1|120"));
}

TEST(RunSummaries, ARunWithoutEventsHasNone) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({}, run, {});
  summarize_run(run);
  EXPECT_EQ(database::RunReader(run).count("summary_kernels"), 0);
  EXPECT_EQ(database::RunReader(run).count("timeline_tracks"), 0);
  testing::write_file(folder / "text.db", "no database");
  EXPECT_THROW(summarize_run(folder / "text.db"), InputError);
}

// More groups than are kept at once: steps are written before all their kernels are known to have come.
TEST(RunSummaries, AKernelThatComesLateIsAddedToItsStep) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({process_file(folder, 0)}, run, {});
  Connection(run, OpenMode::read_write, run)
      .exec(
          "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL; DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME; DELETE FROM step_ranges;"
          "WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM i WHERE n<5) INSERT INTO "
          "step_ranges(rank,step,start,\"end\",source) SELECT 0,n,n*1000000,n*1000000+1000000,'fact' FROM i;"
          "WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM i WHERE n<299999) INSERT INTO "
          "CUPTI_ACTIVITY_KIND_KERNEL(rank,start,\"end\",shortName) SELECT 0,n*20,n*20+5,n%50000+1 FROM i;"
          "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME(rank,start,\"end\",correlationId,globalTid) VALUES(0,500,600,9,1);"
          "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(rank,start,\"end\",shortName,correlationId) VALUES"
          "(0,7000000,7000100,7,9),(0,7000200,7000202,60000,9)");
  summarize_run(run);
  EXPECT_THAT(lines(run, "SELECT calls,total_ns,min_ns,max_ns FROM summary_kernels WHERE step=0 AND nameId=7"),
              ElementsAre("2|105|5|100"));
  EXPECT_THAT(lines(run, "SELECT calls,total_ns FROM summary_kernels WHERE step=0 AND nameId=60000"),
              ElementsAre("1|2"));
  EXPECT_THAT(lines(run, "SELECT count(*),sum(calls) FROM summary_kernels"), ElementsAre("300001|300002"));
}

// A damaged file may hold anything in any column. Builds that look for overflows end here if there is one.
TEST(RunSummaries, AnythingInAnyColumn) {
  const TemporaryFolder folder;
  const std::string good = folder / "good.db", run = folder / "run.db";
  database::merge_process_files({process_file(folder, 0), process_file(folder, 1)}, good, {});
  const std::vector<std::string> values{
      "9223372036854775807", "(-9223372036854775807-1)", "NULL", "'text'", "-1", "1e300", "rowid*1099511627776"};
  for (const std::string table : {"CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_RUNTIME", "NVTX_EVENTS",
                                  "range_stacks", "CUDA_GRAPH_NODE_EVENTS", "StringIds"}) {
    for (const std::string& column : lines(good, "SELECT name FROM pragma_table_info('" + table + "')")) {
      for (const std::string& value : values) {
        std::filesystem::copy_file(good, run, std::filesystem::copy_options::overwrite_existing);
        try {
          Connection connection(run, OpenMode::read_write, run);
          connection.exec("PRAGMA synchronous=OFF; UPDATE OR IGNORE " + table + " SET \"" + column + "\"=" + value +
                          " WHERE rowid%2");
        } catch (const database::sqlite::SqliteError&) {
          continue;  // a column that must be something
        }
        find_steps(run);
        summarize_run(run);
        const auto kernels = lines(run, "SELECT sum(calls) FROM summary_kernels");
        if (table != "CUPTI_ACTIVITY_KIND_KERNEL") {
          EXPECT_THAT(kernels, ElementsAre("26")) << table << "." << column << " = " << value;
        }
      }
    }
  }
}

// A range in which the program was killed is open until the run's end, and its launches are inside.
TEST(RunSummaries, RangesThatNeverEnded) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({process_file(folder, 0)}, run, {});
  Connection(run, OpenMode::read_write, run)
      .exec(
          "UPDATE runs SET end_utc_ns=start_utc_ns+50000;"
          "UPDATE NVTX_EVENTS SET \"end\"=NULL,textId=NULL,text='never seen' WHERE start=10000");
  summarize_run(run);
  EXPECT_THAT(lines(run, "SELECT \"end\" FROM timeline_tracks WHERE kind='nvtx' AND depth=0"), ElementsAre("50000"));
  EXPECT_THAT(
      lines(run, "SELECT p.path FROM summary_kernels k JOIN stack_paths p ON p.id=k.stackId WHERE k.total_ns=7"),
      ElementsAre("never seen"));
}

}  // namespace
}  // namespace foldperf::analysis

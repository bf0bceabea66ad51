// What a merged run holds beside the rows of its processes: views, steps, notes; redaction; how large a kernel is.
#include "core/database/merge_finish.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/database/merger.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines(const std::string& path, const std::string& sql) {
  sqlite::Connection connection(path, sqlite::OpenMode::read_only, path);
  sqlite::Statement statement(connection, sql);
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

// A graph of two kernels captured under block/attention and block/mlp, launched twice, each in a step.
std::string graph_file(const TemporaryFolder& folder, int rank) {
  const std::string path = folder / ("rank" + std::to_string(rank) + ".foldperf");
  RunWriter writer(path, process(rank, 100 + rank));
  writer.add(records::NvtxDomainRecord{1, "foldperf"});
  writer.add(records::NvtxCategoryRecord{1, 1, "step"});
  writer.add(records::NvtxCategoryRecord{1, 4, "module"});
  writer.add(records::KernelNameRecord{1, false, "gemm"});
  writer.add(records::KernelNameRecord{2, false, "softmax"});
  writer.add(records::ApiNameRecord{7, "cudaGraphLaunch"});
  const auto stack = [&](std::uint32_t id, std::uint32_t parent, std::uint32_t category, std::string_view text) {
    records::RangeStackRecord record;
    record.id = id, record.parent = parent, record.domain_id = 1, record.category = category, record.text = text;
    writer.add(record);
  };
  stack(1, 0, 1, "capture");
  stack(2, 1, 4, "attention");
  stack(3, 1, 4, "mlp");
  for (std::uint32_t node = 1; node <= 2; ++node) {
    records::GraphNodeRecord made;
    made.node = node, made.graph = 1, made.stack = node + 1;
    writer.add(made);
    records::GraphNodeRecord seen_again = made;  // the clone's own creation, under other ranges
    seen_again.node = node + 10, seen_again.graph = 2, seen_again.stack = 1;
    writer.add(seen_again);
    records::GraphNodeRecord clone = seen_again;
    clone.event_class = records::GraphEventClass::cloned;
    clone.original_node = node, clone.original_graph = 1, clone.stack = node + 1;
    writer.add(clone);
  }
  for (int replay = 0; replay < 2; ++replay) {
    const std::int64_t at = 1000 * (replay + 1);
    auto step = range(at, at + 900, "step", 1);
    step.category = 1;
    step.payload = records::NvtxPayload::of_int64(40 + replay);
    writer.add(step);
    records::RuntimeRecord launch;
    launch.start_ns = at + 10, launch.end_ns = at + 20, launch.correlation_id = 5 + replay, launch.name_key = 7;
    launch.global_tid = records::global_tid(100 + rank, 1);
    writer.add(launch);
    for (std::uint32_t node = 1; node <= 2; ++node) {
      records::KernelRecord kernel;
      kernel.start_ns = at + 100 * node, kernel.end_ns = kernel.start_ns + 10 * node;
      kernel.correlation_id = 5 + static_cast<std::uint32_t>(replay);
      kernel.name_key = node, kernel.graph_id = 2, kernel.graph_node_id = node + 10;
      writer.add(kernel);
    }
  }
  records::CommunicatorRecord communicator;
  communicator.communicator = 3, communicator.global_id = "0xabc", communicator.size = 2;
  writer.add(communicator);
  records::CollectiveRecord collective;
  collective.id = 1, collective.communicator = 3, collective.sequence_number = 9, collective.operation = "AllReduce";
  collective.start_ns = 500 + 70 * rank;
  writer.add(collective);
  records::CollectorRecord off;
  off.name = "cupti", off.state = "failed", off.detail = "/usr/lib/libcupti.so.13: error 39";
  writer.add(off);
  writer.close();
  return path;
}

TEST(MergedRun, ViewsJoinWhatBelongsTogether) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  const auto report = merge_process_files({graph_file(folder, 0), graph_file(folder, 1)}, run, {});
  sqlite::Connection(run, sqlite::OpenMode::read_write, run)
      .exec(
          "INSERT INTO step_ranges(rank,step,start,\"end\",source) SELECT rank,int64Value,start,\"end\",'fact' "
          "FROM NVTX_EVENTS");
  EXPECT_THAT(lines(run, "SELECT rank,name,stack,module,step,replay FROM graph_kernels ORDER BY rank,start"),
              ElementsAre("0|gemm|capture/attention|attention|40|1", "0|softmax|capture/mlp|mlp|40|1",
                          "0|gemm|capture/attention|attention|41|2", "0|softmax|capture/mlp|mlp|41|2",
                          "1|gemm|capture/attention|attention|40|1", "1|softmax|capture/mlp|mlp|40|1",
                          "1|gemm|capture/attention|attention|41|2", "1|softmax|capture/mlp|mlp|41|2"));
  EXPECT_THAT(lines(run, "SELECT name,ns,launch_end-launch_start FROM kernels WHERE rank=0 ORDER BY start LIMIT 1"),
              ElementsAre("gemm|10|10"));
  EXPECT_THAT(
      lines(run, "SELECT rank,arrival,last_arrival,waited_ns,culprit,ranks FROM collectives_by_rank ORDER BY 1"),
      ElementsAre("0|500|570|70|1|2", "1|570|570|0|1|2"));
  EXPECT_THAT(lines(run, "SELECT rank,kind FROM dropped"), ElementsAre("0|collector cupti", "1|collector cupti"));
  EXPECT_THAT(report.notes, ElementsAre("cupti was failed: /usr/lib/libcupti.so.13: error 39 (2 processes)"));
  // None of them fails on a run of no events.
  merge_process_files({}, run, {});
  for (const std::string& view : lines(run, "SELECT name FROM sqlite_schema WHERE type='view'")) {
    EXPECT_EQ(lines(run, "SELECT * FROM " + view).size(), 0u) << view;
  }
}

TEST(MergedRun, RedactionLeavesNothingInTheFile) {
  EXPECT_EQ(redacted("load ~/a/b.pt (in /data/x/chain.cif) on node-17, 3/4", {"node-17"}),
            "load b.pt (in chain.cif) on host1, 3/4");
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (int rank = 0; rank < 2; ++rank) {
    ProcessInfo info = process(rank);
    info.host = "secretmachine" + std::to_string(rank);
    info.command = "python /home/secretperson/train.py --key secretword";
    files.push_back(folder / ("p" + std::to_string(rank)));
    RunWriter writer(files.back(), info);
    writer.add(range(1, 2, "open /home/secretperson/weights.pt"));
    writer.add(range(3, 4, "evoformer"));
    const std::string text = "/data/secretperson/" + std::string(2000, 'x');
    writer.add(range(5, 6, text));
    writer.close();
  }
  RunInfo info;
  info.command = "python secretword";
  info.working_directory = "/home/secretperson";
  const std::string run = folder / "run.db";
  merge_process_files(files, run, info, {.redact = true});
  EXPECT_THAT(testing::read_file(run), Not(HasSubstr("secret")));
  EXPECT_THAT(lines(run, "SELECT host,redacted FROM ranks ORDER BY rank"), ElementsAre("host1|1", "host2|1"));
  EXPECT_THAT(lines(run, "SELECT value FROM StringIds ORDER BY 1"), ElementsAre("evoformer", "open weights.pt"));
}

// Of a run with a million kernels a second this is what fills the disk.
TEST(MergedRun, AKernelAndItsLaunchTakeAtMost160Bytes) {
  const TemporaryFolder folder;
  constexpr int rows = 200'000;
  std::vector<std::string> files;
  for (int rank = 0; rank < 2; ++rank) {
    files.push_back(folder / ("p" + std::to_string(rank)));
    WriterOptions options;
    options.when_full = WhenFull::block;
    ProcessInfo info = process(rank, 123456 + rank);
    RunWriter writer(files.back(), info, options);
    for (std::uint32_t name = 1; name <= 300; ++name) {
      writer.add(records::KernelNameRecord{name, false, "void cutlass::Kernel<float, " + std::to_string(name) + ">"});
    }
    writer.add(records::ApiNameRecord{records::api_name_key(1, 211), "cudaLaunchKernel_v7000"});
    for (int i = 0; i < rows; ++i) {
      const std::int64_t at = 60'000'000'000 + i * 11'000LL;
      records::RuntimeRecord launch;
      launch.start_ns = at, launch.end_ns = at + 4000, launch.name_key = records::api_name_key(1, 211);
      launch.correlation_id = 1'000'000 + i;
      launch.global_tid = records::global_tid(info.pid, info.pid);
      writer.add(launch);
      records::KernelRecord kernel;
      kernel.start_ns = at + 5000, kernel.end_ns = at + 9000, kernel.global_pid = records::global_pid(info.pid);
      kernel.correlation_id = 1'000'000 + static_cast<std::uint32_t>(i);
      kernel.name_key = 1 + static_cast<std::uint32_t>(i % 300);
      kernel.context_id = 1, kernel.stream_id = 7, kernel.registers_per_thread = 128;
      kernel.grid_x = 512, kernel.grid_y = 4, kernel.block_x = 256;
      kernel.static_shared_bytes = 1024, kernel.dynamic_shared_bytes = 98304, kernel.shared_executed_bytes = 102400;
      kernel.graph_id = 3, kernel.graph_node_id = static_cast<std::uint32_t>(i % 50'000);
      writer.add(kernel);
    }
    writer.close();
    EXPECT_EQ(writer.status().dropped_total(), 0u);
    const double bytes = static_cast<double>(std::filesystem::file_size(files.back())) / rows;
    RecordProperty("process_file_bytes", std::to_string(bytes));
    std::printf("process file: %.1f bytes\n", bytes);
    EXPECT_LE(bytes, 160);
  }
  const std::string run = folder / "run.db";
  const auto report = merge_process_files(files, run, {});
  EXPECT_EQ(report.events, 4 * rows);
  const double bytes = static_cast<double>(std::filesystem::file_size(run)) / (2 * rows);
  std::printf("merged: %.1f bytes\n", bytes);
  EXPECT_LE(bytes, 160);
}

}  // namespace
}  // namespace foldperf::database

#include "core/database/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "core/database/reader.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RunWriter, WhatIsAddedIsInTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  {
    RunWriter writer(path, process(3));
    writer.add(records::NvtxDomainRecord{1, "library"});
    writer.add(records::NvtxCategoryRecord{1, 9, "solver"});
    writer.add(records::ThreadNameRecord{records::global_tid(100, 101), "loader", 0});
    auto outer = range(10, 100, "outer", 1);
    outer.category = 9;
    outer.payload = records::NvtxPayload::of_int64(-7);
    outer.color = 0xFF00FF00;
    writer.add(outer);
    writer.add(range(20, 30, "inner"));
    writer.add(range(40, 50, "inner"));
    writer.add(records::CollectorRecord{"nvtx", "off", "not yet"});
    writer.add(records::CollectorRecord{"nvtx", "on", ""});
    writer.close();
    writer.close();
    const WriterStatus status = writer.status();
    EXPECT_TRUE(status.healthy);
    EXPECT_EQ(status.added, 8u);
    EXPECT_EQ(status.written, 8u);
    EXPECT_EQ(status.dropped_total(), 0u);
    EXPECT_FALSE(writer.add(range(0, 1, "late")));
    EXPECT_EQ(writer.status().dropped_total(), 1u);
  }
  EXPECT_FALSE(std::filesystem::exists(path + "-wal")) << "one plain file is left";

  const RunReader reader(path);
  EXPECT_EQ(reader.run().state, "finished");
  ASSERT_EQ(reader.ranks().size(), 1u);
  EXPECT_EQ(reader.ranks()[0].rank, 3);
  EXPECT_EQ(reader.ranks()[0].state, "finished");
  std::vector<std::string> texts;
  std::vector<std::int64_t> ids;
  reader.for_each_nvtx({}, [&](const NvtxRow& row) {
    texts.emplace_back(row.text);
    ids.push_back(row.text_id.value_or(-1));
    if (row.text != "outer") return;
    EXPECT_EQ(row.domain, "library");
    EXPECT_EQ(row.category_name, "solver");
    EXPECT_EQ(row.payload, -7);
    EXPECT_EQ(row.end_ns, 100);
  });
  EXPECT_THAT(texts, ElementsAre("outer", "inner", "inner"));
  EXPECT_EQ(ids[1], ids[2]) << "a text is interned once";
  ASSERT_EQ(reader.collectors().size(), 1u) << "the later record replaces the earlier";
  EXPECT_EQ(reader.collectors()[0].state, "on");
  ASSERT_EQ(reader.thread_names().size(), 1u);
  EXPECT_EQ(reader.thread_names()[0].name, "loader");
}

TEST(RunWriter, FactsBecomeRowsOnlyInTheirDomain) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  {
    RunWriter writer(path, process(0));
    writer.add(records::NvtxDomainRecord{5, "foldperf"});
    writer.add(records::NvtxDomainRecord{6, "another"});
    writer.add(fact(1, R"({"kind":"step","step":0,"samples":2})", 5));
    writer.add(fact(2,
                    R"({"kind":"batch","step":0,"chain":"1ubi_A","length":76,"crop":64,"alignment_depth":9,)"
                    R"("preparation_ns":{"parse":5,"crop":7},"queue_wait_ns":3})",
                    5));
    writer.add(fact(3, R"({"kind":"metric","step":0,"name":"loss","value":2.5,"split":"train"})", 5));
    writer.add(fact(4, R"({"kind":"metric","step":1,"name":"loss","value":null})", 5));
    writer.add(fact(5, R"({"kind":"workload","kernel":"softmax","shape":[2,3],"flops":12})", 5));
    writer.add(fact(6, R"({"kind":"batch","preparation_ns":{"a":9223372036854775807,"b":9223372036854775807}})", 5));
    writer.add(fact(7, R"({"kind":"step","step":1})", 6));
    writer.add(fact(8, "no fact", 5));
  }
  const RunReader reader(path);
  ASSERT_EQ(reader.steps().size(), 1u);
  EXPECT_EQ(reader.steps()[0].samples, 2);
  EXPECT_EQ(reader.steps()[0].at_ns, 1);
  const auto batches = reader.batches();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].chain, "1ubi_A");
  EXPECT_EQ(batches[0].preparation_ns, 12);
  EXPECT_EQ(batches[0].preparation_stage_ns, (std::map<std::string, std::int64_t>{{"crop", 7}, {"parse", 5}}));
  EXPECT_EQ(batches[0].queue_wait_ns, 3);
  const auto metrics = reader.metrics();
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].value, 2.5);
  EXPECT_FALSE(metrics[1].value.has_value());
  ASSERT_EQ(reader.workloads().size(), 1u);
  EXPECT_EQ(reader.workloads()[0].shape, "[2,3]");
  EXPECT_EQ(reader.count("NVTX_EVENTS"), 8) << "the marks themselves stay";
}

TEST(RunWriter, FactsOfProgramsWithoutOurCategoryOrDomainAreKnown) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  {
    RunWriter writer(path, process(0));
    writer.add(records::NvtxDomainRecord{5, "foldperf"});
    auto mark = fact(1, R"({"kind":"step","step":1})", 5);
    mark.category = 1;  // as Python's nvtx numbers it
    writer.add(mark);
    mark = fact(2, R"(foldperf:{"kind":"step","step":2})", 0);
    mark.category = 0;  // torch.cuda.nvtx knows neither domains nor categories
    writer.add(mark);
    mark.text = R"({"kind":"step","step":3})";  // another library's JSON in the default domain
    writer.add(mark);
  }
  const auto steps = RunReader(path).steps();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].step, 1);
  EXPECT_EQ(steps[1].step, 2);
}

TEST(RunWriter, FullQueueDropsAndCounts) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  WriterOptions options;
  options.queue_bytes = 20000;
  options.commit_interval = 10s;
  std::uint64_t refused = 0;
  {
    RunWriter writer(path, process(0), options);
    const std::string text(1000, 'x');
    EXPECT_FALSE(writer.add(range(0, 1, std::string(30000, 'y')))) << "larger than the whole queue";
    for (int i = 0; i < 20000; ++i) refused += writer.add(range(i, i + 1, text)) ? 0 : 1;
    writer.count_dropped(records::Kind::kernel, "buffer lost", 5);
    writer.close();
    const auto status = writer.status();
    EXPECT_GT(refused, 0u);
    EXPECT_EQ(status.dropped_total(), refused + 1 + 5);
    EXPECT_EQ(status.added + refused, 20000u);
    EXPECT_EQ(status.written, status.added);
  }
  const RunReader reader(path);
  std::map<std::string, std::int64_t> dropped;
  for (const DroppedRow& row : reader.dropped()) dropped[row.kind + ": " + row.reason] = row.count;
  EXPECT_EQ(dropped["NVTX_EVENTS: queue full"], static_cast<std::int64_t>(refused));
  EXPECT_EQ(dropped["NVTX_EVENTS: too large"], 1);
  EXPECT_EQ(dropped["CUPTI_ACTIVITY_KIND_KERNEL: buffer lost"], 5);
}

TEST(RunWriter, BlockingQueueLosesNothingFromManyThreads) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  WriterOptions options;
  options.queue_bytes = 50000;
  options.when_full = WhenFull::block;
  {
    RunWriter writer(path, process(0), options);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&writer, t] {
        for (int i = 0; i < 5000; ++i) writer.add(range(i, i + 1, "thread " + std::to_string(t)));
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(writer.flush(60s));
    EXPECT_EQ(RunReader(path).count("NVTX_EVENTS"), 20000) << "a run that is being written can be read";
    EXPECT_EQ(RunReader(path).run().state, "running");
  }
  EXPECT_EQ(RunReader(path).count("NVTX_EVENTS"), 20000);
}

TEST(RunWriter, NamesComeBeforeWhatUsesThem) {
  // The fact's thread and the domain's have other queues; the fact must still be known for one.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const TemporaryFolder folder;
    const std::string path = folder / "a.foldperf";
    {
      RunWriter writer(path, process(0));
      std::thread([&] { writer.add(records::NvtxDomainRecord{1, "foldperf"}); }).join();
      std::thread([&] { writer.add(fact(1, R"({"kind":"step","step":0})", 1)); }).join();
    }
    ASSERT_EQ(RunReader(path).steps().size(), 1u);
  }
}

TEST(RunWriter, OpenRangesAreKnownAndReplaced) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  RunWriter writer(path, process(0));
  std::atomic<int> depth{2};
  writer.set_open_ranges_source([&](const RunWriter::Sink& sink) {
    for (int i = 0; i < depth; ++i) sink(range(i, 99, "level " + std::to_string(i)));
  });
  writer.add(range(5, 6, "closed"));
  ASSERT_TRUE(writer.flush(60s));
  {
    std::vector<std::string> open;
    RunReader(path).for_each_nvtx({}, [&](const NvtxRow& row) {
      if (!row.end_ns) open.emplace_back(row.text);
    });
    EXPECT_THAT(open, ElementsAre("level 0", "level 1"));
  }
  depth = 1;
  ASSERT_TRUE(writer.flush(60s));
  EXPECT_EQ(RunReader(path).count("nvtx_open"), 1);
  writer.close();
  EXPECT_EQ(RunReader(path).count("nvtx_open"), 0) << "a process that ended has no open ranges";
}

// A writer in the middle of a batch of several transactions: paused after one of them.
WriterOptions many_transactions() {
  WriterOptions options;
  options.commit_interval = 60s;
  options.longest_transaction = 0ms;  // the shortest there are
  return options;
}
constexpr int long_batch = 20000;  // records; a transaction has at least 1024

TEST(RunWriter, PauseWaitsForOneTransactionNotForTheBatch) {
  const TemporaryFolder folder;
  RunWriter writer(folder / "a.foldperf", process(0), many_transactions());
  for (int i = 0; i < long_batch; ++i) writer.add(range(i, i + 1, "work"));
  // The source runs on the writer's thread as the batch begins: time for pause() to come and wait.
  std::atomic<bool> begun{false};
  writer.set_open_ranges_source([&](const RunWriter::Sink&) {
    begun = true;
    std::this_thread::sleep_for(200ms);
  });
  std::thread flush([&] { writer.flush(60s); });
  while (!begun) std::this_thread::yield();
  writer.pause();
  const auto written = writer.status().written;
  EXPECT_LT(written, static_cast<std::uint64_t>(long_batch));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(writer.status().written, written) << "it stays outside until resume()";
  writer.resume();
  flush.join();
  EXPECT_EQ(writer.status().written, static_cast<std::uint64_t>(long_batch));
}

TEST(RunWriter, ARangeThatEndsIsNeverInTheFileTwice) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  RunWriter writer(path, process(0), many_transactions());
  std::atomic<bool> open{true}, begun{false};
  writer.set_open_ranges_source([&](const RunWriter::Sink& sink) {
    if (open) return sink(range(1, 0, "the range"));
    begun = true;
    std::this_thread::sleep_for(200ms);
  });
  ASSERT_TRUE(writer.flush(60s));
  ASSERT_EQ(RunReader(path).count("nvtx_open"), 1);
  open = false;
  writer.add(range(1, 9, "the range"));
  for (int i = 0; i < long_batch; ++i) writer.add(range(i, i + 1, "work"));
  std::thread flush([&] { writer.flush(60s); });
  while (!begun) std::this_thread::yield();
  writer.pause();  // between two transactions: what a process that is killed now leaves
  const RunReader reader(path);
  EXPECT_GT(reader.count("NVTX_EVENTS"), 0);
  EXPECT_LT(reader.count("NVTX_EVENTS"), long_batch);
  EXPECT_EQ(reader.count("nvtx_open"), 0);
  writer.resume();
  flush.join();
}

TEST(RunWriter, OfVeryManyOpenRangesTheExcessIsCounted) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  RunWriter writer(path, process(0));
  std::atomic<std::size_t> depth{open_ranges_limit + 7};
  writer.set_open_ranges_source([&](const RunWriter::Sink& sink) {
    for (std::size_t i = 0; i < depth; ++i) sink(range(static_cast<std::int64_t>(i), 0, "deep"));
  });
  ASSERT_TRUE(writer.flush(60s));
  ASSERT_TRUE(writer.flush(60s));
  {
    const RunReader reader(path);
    EXPECT_EQ(reader.count("nvtx_open"), static_cast<std::int64_t>(open_ranges_limit));
    ASSERT_EQ(reader.dropped().size(), 1u);
    EXPECT_EQ(reader.dropped()[0].count, 7) << "once, not at every commit";
    EXPECT_EQ(reader.dropped()[0].reason, "more ranges were open than are kept");
  }
  depth = 3;
  ASSERT_TRUE(writer.flush(60s));
  EXPECT_EQ(RunReader(path).count("nvtx_open"), 3);
  EXPECT_EQ(RunReader(path).dropped().size(), 0u) << "those that ended are in the file";
  writer.set_open_ranges_source({});
}

TEST(RunWriter, RefusesAFileThatExistsAndAFolderThatDoesNot) {
  const TemporaryFolder folder;
  testing::write_file(folder / "there", "mine");
  EXPECT_THAT(message_of<SystemError>([&] { RunWriter(folder / "there", process(0)); }), HasSubstr("File exists"));
  EXPECT_EQ(testing::read_file(folder / "there"), "mine");
  EXPECT_THAT(message_of<SystemError>([&] { RunWriter(folder / "no/such/file", process(0)); }),
              HasSubstr("No such file"));
}

// Runs `body` in a child process; gives what waitpid says.
template <class F>
int in_child(F&& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(RunWriter, FullDiskIsCountedAndEndsNothing) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  // A file size limit stands in for a full disk; its signal would end a process that does not block it.
  const int status = in_child([&] {
    RunWriter writer(path, process(0));
    writer.add(range(0, 1, "before"));
    writer.flush(60s);
    const rlimit limit{700000, 700000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string text(900, 'x');
    for (int i = 0; i < 3000; ++i) writer.add(range(i, i + 1, text + std::to_string(i)));
    writer.flush(60s);
    const auto now = writer.status();
    if (now.healthy || now.error.empty() || now.dropped_total() == 0) _exit(1);
    writer.close();
    const auto after = writer.status();
    if (after.written + after.dropped_total() != 3001) _exit(2);
    _exit(0);
  });
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const RunReader reader(path);
  EXPECT_GE(reader.count("NVTX_EVENTS"), 1);
  std::int64_t dropped = 0;
  for (const DroppedRow& row : reader.dropped()) dropped += row.count;
  EXPECT_GT(dropped, 0) << "the file says what is missing";
  EXPECT_EQ(reader.run().state, "finished");
}

TEST(RunWriter, NamesSurviveADiskThatWasFullForAWhile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  const int status = in_child([&] {
    WriterOptions options;
    options.commit_interval = 60s;
    RunWriter writer(path, process(0), options);
    rlimit limit{400000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    writer.add(records::NvtxDomainRecord{4, "foldperf"});
    writer.add(records::NvtxCategoryRecord{4, 1, "step"});
    writer.add(records::ThreadNameRecord{records::global_tid(100, 100), "main", 0});
    for (int i = 0; i < 3000; ++i) writer.add(range(i, i + 1, std::string(900, 'x') + std::to_string(i)));
    writer.flush(60s);
    if (writer.status().healthy || writer.status().dropped_total() != 3000) _exit(1);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    auto step = range(1, 2, "step", 4);
    step.category = 1;
    writer.add(step);
    writer.close();
    if (writer.status().written != 4) _exit(2);
  });
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  const RunReader reader(path);
  std::vector<std::string> names;
  reader.for_each_nvtx({}, [&](const NvtxRow& row) {
    names.emplace_back(row.domain);
    names.emplace_back(row.category_name);
  });
  EXPECT_THAT(names, ElementsAre("foldperf", "step"));
  ASSERT_EQ(reader.thread_names().size(), 1u) << "once";
}

TEST(RunWriter, AForkedChildLeavesTheFileAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.foldperf";
  auto writer = std::make_unique<RunWriter>(path, process(0));
  writer->add(range(0, 1, "parent"));
  const int status = in_child([&] {
    writer->close();
    writer.reset();
  });
  EXPECT_EQ(status, 0);
  writer->add(range(2, 3, "parent"));
  writer->close();
  EXPECT_EQ(RunReader(path).count("NVTX_EVENTS"), 2);
}

TEST(ProcessInfo, KnowsThisProcess) {
  setenv("RANK", "5", 1);
  setenv("WORLD_SIZE", "8", 1);
  const ProcessInfo info = this_process();
  unsetenv("RANK");
  unsetenv("WORLD_SIZE");
  EXPECT_EQ(info.rank, 5);
  EXPECT_EQ(info.world_size, 8);
  EXPECT_EQ(info.pid, getpid());
  EXPECT_GT(info.cpu_count, 0);
  EXPECT_GT(info.memory_bytes, 0);
  EXPECT_THAT(info.command, HasSubstr("test_core_database"));
  EXPECT_THAT(process_file_name(info), HasSubstr("rank5-"));
  EXPECT_EQ(this_process().rank, unknown_rank);
}

}  // namespace
}  // namespace foldperf::database

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::database {
namespace {

std::int64_t utc_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A process of 1,000 s: 30 batches of 20,000 ranges that ended at its 1st second, and 10 ranges that end now.
std::string write(const std::filesystem::path& path, std::chrono::nanoseconds keep) {
  ProcessInfo process = this_process();
  process.start_utc_ns = utc_now_ns() - 1'000'000'000'000;
  WriterOptions options;
  options.when_full = WhenFull::block;
  options.keep = keep;
  RunWriter writer(path.string(), process, options);
  records::NvtxRecord range;
  range.text = "range";
  for (int i = 0; i < 30; ++i) {
    for (int k = 0; k < 20'000; ++k) {
      range.start_ns = k;
      range.end_ns = 1'000'000'000;
      writer.add(range);
    }
    writer.flush(std::chrono::seconds(60));
  }
  for (int k = 0; k < 10; ++k) {
    range.start_ns = 1'000'000'000'000;
    range.end_ns = 1'000'000'000'001 + 60'000'000'000;
    writer.add(range);
  }
  writer.close();
  sqlite::Connection db(path.string(), sqlite::OpenMode::read_only, "run");
  return db.query_text("SELECT COUNT(*) FROM NVTX_EVENTS");
}

TEST(OldRows, AreTakenOutAndTheFileStopsGrowing) {
  const foldperf::testing::TemporaryFolder folder;
  EXPECT_EQ(write(folder / "all", {}), "600010");
  EXPECT_EQ(write(folder / "last", std::chrono::seconds(100)), "10");
  EXPECT_LT(std::filesystem::file_size(folder / "last") * 4, std::filesystem::file_size(folder / "all"));
}

// A row of the process' 1st second in every table of events with a time, and of what stays.
TEST(OldRows, OfEveryTableWithATime) {
  const foldperf::testing::TemporaryFolder folder;
  ProcessInfo process = this_process();
  process.start_utc_ns = utc_now_ns() - 1'000'000'000'000;
  WriterOptions options;
  options.keep = std::chrono::seconds(100);
  RunWriter writer((folder / "last").string(), process, options);
  const auto add = [&](std::int64_t at_ns) {
    records::OverheadRecord overhead;
    overhead.start_ns = overhead.end_ns = at_ns;
    writer.add(overhead);
    records::MemoryRecord memory;
    memory.at_ns = at_ns;
    writer.add(memory);
    records::SynchronizationRecord synchronization;
    synchronization.start_ns = synchronization.end_ns = at_ns;
    writer.add(synchronization);
    records::GraphTraceRecord trace;
    trace.start_ns = trace.end_ns = at_ns;
    writer.add(trace);
    records::CollectiveChannelRecord channel;
    channel.start_ns = at_ns;
    channel.end_ns = at_ns;
    writer.add(channel);
    records::HostSampleRecord sample;
    sample.at_ns = at_ns;
    writer.add(sample);
    writer.add(records::CudaEventRecord{});
  };
  add(1'000'000'000);
  add(1'000'000'000'000);
  writer.close();
  sqlite::Connection db((folder / "last").string(), sqlite::OpenMode::read_only, "run");
  for (const std::string table :
       {"CUPTI_ACTIVITY_KIND_OVERHEAD", "memory_events", "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
        "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "collective_channels", "host_samples"}) {
    EXPECT_EQ(db.query_text("SELECT COUNT(*) FROM " + table), "1") << table;
  }
  EXPECT_EQ(db.query_text("SELECT COUNT(*) FROM CUPTI_ACTIVITY_KIND_CUDA_EVENT"), "2");
}

TEST(OldRows, WhatIsLeftIsToldAtEachCommit) {
  const foldperf::testing::TemporaryFolder folder;
  ProcessInfo process = this_process();
  process.start_utc_ns = utc_now_ns() - 1'000'000'000'000;
  WriterOptions options;
  options.keep = std::chrono::seconds(100);
  RunWriter writer((folder / "last").string(), process, options);
  // As a process leaves the file that is killed soon after a commit.
  const auto becomes = [&](const char* sql, const std::string& wanted) {
    records::NvtxRecord range;
    range.start_ns = 1'000'000'000'000;
    range.end_ns = range.start_ns;
    writer.add(range);
    EXPECT_TRUE(writer.flush(std::chrono::seconds(60)));
    std::string told;
    for (int i = 0; i < 200 && told != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      told = sqlite::Connection((folder / "last").string(), sqlite::OpenMode::read_only, "run").query_text(sql);
    }
    EXPECT_EQ(told, wanted);
  };
  writer.add(records::WindowRecord{5, std::nullopt, "steps"});
  becomes(
      "SELECT group_concat(reason || ' ' || (start/100000000000) || ' ' || (\"end\"/100000000000)) FROM windows WHERE "
      "reason='last'",
      "last 9 10");
  writer.add(records::WindowRecord{5, 7, "steps"});
  becomes("SELECT count(*) || ' ' || sum(reason='last') || ' ' || sum(\"end\"=7) FROM windows", "2 1 1");
}

}  // namespace
}  // namespace foldperf::database

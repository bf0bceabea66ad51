#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

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

}  // namespace
}  // namespace foldperf::database

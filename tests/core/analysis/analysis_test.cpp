#include "core/analysis/analysis.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/database/merger.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::analysis {
namespace {

using testing::TemporaryFolder;

constexpr std::int64_t start_utc_ns = 1'700'000'000'000'000'000;

// A process of rank 0 that ended after `life_ns`, inside a range.
std::string process_file(const TemporaryFolder& folder, std::int64_t pid, std::int64_t life_ns) {
  std::string path = folder / (std::to_string(pid) + ".foldperf");
  database::ProcessInfo info;
  info.rank = 0;
  info.host = "node";
  info.pid = pid;
  info.start_utc_ns = start_utc_ns;
  {
    database::RunWriter writer(path, info);
    const std::string text = "of " + std::to_string(pid);
    records::NvtxRecord record;
    record.start_ns = 10;
    record.text = text;
    record.global_tid_start = records::global_tid(pid, pid);
    writer.add(record);
    writer.close();
  }
  database::sqlite::Connection connection(path, database::sqlite::OpenMode::read_write, path);
  connection.exec("UPDATE ranks SET end_utc_ns=" + std::to_string(start_utc_ns + life_ns));
  return path;
}

TEST(LoadRanges, OpenRangesEndWithTheirOwnProcess) {
  const TemporaryFolder folder;
  const std::string run = folder / "run.db";
  database::merge_process_files({process_file(folder, 200, 1000), process_file(folder, 100, 9000)}, run, {});
  const RangeSet set = load_ranges(database::RunReader(run));
  ASSERT_EQ(set.ranges.size(), 2U);
  for (const Range& range : set.ranges) {
    EXPECT_EQ(range.end, set.names[range.name] == "of 200" ? 1000 : 9000) << set.names[range.name];
  }
}

}  // namespace
}  // namespace foldperf::analysis

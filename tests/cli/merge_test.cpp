// foldperf merge of the files of processes, by their names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "core/database/reader.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Merge : public ::testing::Test {
 protected:
  ProcessResult merge(std::vector<std::string> words) {
    words.insert(words.begin(), {program("foldperf"), "merge"});
    ProcessOptions options;
    options.working_directory = folder.path();
    return run_process(words, options);
  }
  // A rank of its own machine, whose clock is ahead by `offset_ns`: 40 collectives end on all ranks at once.
  void write_rank(int rank, std::int64_t offset_ns) {
    database::ProcessInfo info;
    info.rank = rank, info.pid = 100 + rank, info.host = "secretmachine" + std::to_string(rank);
    info.command = "train --data /secretfolder/set", info.start_utc_ns = 1'700'000'000'000'000'000;
    database::RunWriter writer(folder / ("rank" + std::to_string(rank) + ".foldperf"), info);
    records::NvtxRecord range;
    range.start_ns = 2'000'000'000 + offset_ns, range.end_ns = range.start_ns + 1'000'000;
    range.text = "load /secretfolder/weights.pt on " + info.host;
    writer.add(range);
    records::CommunicatorRecord communicator;
    communicator.communicator = 1, communicator.global_id = "world";
    writer.add(communicator);
    for (int i = 0; i < 40; ++i) {
      records::CollectiveRecord collective;
      collective.id = 1 + static_cast<std::uint32_t>(i);
      collective.communicator = 1, collective.sequence_number = i, collective.operation = "AllReduce";
      const std::int64_t end = 1'000'000'000 + i * 100'000'000LL + offset_ns;
      collective.start_ns = end - 500'000, collective.end_ns = end;
      writer.add(collective);
    }
    writer.close();
  }
  void write_three() {
    write_rank(0, 0);
    write_rank(1, 3'000'000);
    write_rank(2, -7'000'000);
  }
  std::int64_t number(const std::string& sql) const {
    database::sqlite::Connection run(folder / "run.db", database::sqlite::OpenMode::read_only, "run.db");
    return run.query_int(sql);
  }

  TemporaryFolder folder;
  const std::vector<std::string> three{"rank0.foldperf", "rank1.foldperf", "rank2.foldperf", "-o", "run.db"};
};

TEST_F(Merge, OfSeveralMachinesAlignsTheirClocks) {
  write_three();
  const auto result = merge(three);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, AllOf(HasSubstr("123 events of 3 processes"),
                                   HasSubstr("clocks of 3 machines were aligned by at least 40")));
  EXPECT_EQ(number("SELECT offset_ns FROM clock_fit WHERE rank=1"), -3'000'000);
  EXPECT_EQ(number("SELECT offset_ns FROM clock_fit WHERE rank=2"), 7'000'000);
  EXPECT_EQ(number("SELECT max(clock_residual_ns) FROM ranks"), 0);
  EXPECT_EQ(number("SELECT count(DISTINCT start) FROM NVTX_EVENTS"), 1);
  for (const char* name : {"rank0.foldperf", "rank1.foldperf", "rank2.foldperf"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  }
}

TEST_F(Merge, RedactedKeepsNamesOfNoMachineOrFolder) {
  write_three();
  auto words = three;
  ASSERT_EQ(merge(words).exit_code, 0);
  EXPECT_THAT(read_file(folder / "run.db"), AllOf(HasSubstr("secretmachine1"), HasSubstr("/secretfolder")));
  words.insert(words.end(), {"--redact", "--force"});
  const auto result = merge(words);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const std::string bytes = read_file(folder / "run.db");
  EXPECT_EQ(bytes.find("secretmachine"), std::string::npos);
  EXPECT_EQ(bytes.find("secretfolder"), std::string::npos);
  EXPECT_EQ(bytes.find(folder.path().string()), std::string::npos);
  EXPECT_THAT(bytes, AllOf(HasSubstr("weights.pt"), HasSubstr("host3")));
  EXPECT_EQ(number("SELECT offset_ns FROM clock_fit WHERE rank=1"), -3'000'000);
}

TEST_F(Merge, ADamagedFileIsNamedAndTheRestMerged) {
  write_three();
  folder.write("rank1.foldperf", std::string(8192, 'x'));
  const auto result = merge(three);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, AllOf(HasSubstr("foldperf: rank1.foldperf: "), HasSubstr("of 2 processes"),
                                   Not(HasSubstr("rank2.foldperf: "))));
  EXPECT_EQ(number("SELECT count(*) FROM ranks"), 2);
  EXPECT_EQ(number("SELECT count(*) FROM collectives"), 80);
  EXPECT_EQ(read_file(folder / "rank1.foldperf"), std::string(8192, 'x'));
}

TEST_F(Merge, LosesNothingThatIsThere) {
  write_three();
  folder.write("run.db", "precious");
  const auto refused = merge(three);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.errors, AllOf(HasSubstr("run.db exists"), HasSubstr("--overwrite")));
  EXPECT_EQ(read_file(folder / "run.db"), "precious");
  const std::string before = read_file(folder / "rank0.foldperf");
  const auto itself = merge({"rank0.foldperf", "rank1.foldperf", "-o", "rank0.foldperf", "--force"});
  EXPECT_EQ(itself.exit_code, 2);
  EXPECT_THAT(itself.errors, AllOf(HasSubstr("rank0.foldperf"), HasSubstr("give another name")));
  EXPECT_EQ(read_file(folder / "rank0.foldperf"), before);
  EXPECT_EQ(merge({"rank0.foldperf", "-o", "no/run.db"}).exit_code, 4);
}

// Its file stays in the local folder, and makes a run of its own.
TEST_F(Merge, WhatAKilledProcessLeftInItsLocalFolder) {
  std::filesystem::create_directory(folder / "local");
  const std::string nvtx_program = FOLDPERF_NVTX_PROGRAM;
  const auto profiled = run_process(
      {program("foldperf"), "profile", "-o", folder / "run.db", "--local-dir", folder / "local", "--collect", "nvtx",
       "--", "sh", "-c", nvtx_program + " mark whole; " + nvtx_program + " busy & sleep 2; kill -9 $!; wait; true"});
  ASSERT_EQ(profiled.exit_code, 0) << profiled.errors;
  EXPECT_EQ(number("SELECT count(*) FROM ranks"), 1);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "local")) {
    if (entry.path().extension() == ".foldperf") left.push_back(entry.path().string());
  }
  ASSERT_EQ(left.size(), 1U);
  EXPECT_THAT(profiled.errors, AllOf(HasSubstr(left[0] + " stays: "), HasSubstr("foldperf merge " + left[0])));
  const auto merged = merge({left[0], "-o", "run.db", "--force"});
  ASSERT_EQ(merged.exit_code, 0) << merged.errors;
  EXPECT_EQ(number("SELECT count(*) FROM ranks WHERE state='killed'"), 1);
  EXPECT_GT(number("SELECT count(*) FROM NVTX_EVENTS"), 0);
  EXPECT_TRUE(std::filesystem::exists(left[0]));
}

}  // namespace
}  // namespace foldperf::testing

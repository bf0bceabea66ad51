// CUPTI's records, made up as it makes them (out of order, without times, of unknown kinds), become rows.
#include "collectors/cupti/decoder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/collectors/cupti/made_up_buffer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int64_t start_utc = 1'700'000'000'000'000'000;
constexpr std::int64_t start_mono = 5'000'000;

CUpti_ActivityKernel10 kernel(const char* name, std::int64_t start, std::int64_t end, std::uint32_t correlation) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = name;
  record.start = start == 0 ? 0 : static_cast<std::uint64_t>(start_utc + start);
  record.end = end == 0 ? 0 : static_cast<std::uint64_t>(start_utc + end);
  record.correlationId = correlation;
  record.deviceId = 1;
  record.streamId = 7;
  record.gridX = 132;
  record.gridY = record.gridZ = record.blockY = record.blockZ = 1;
  record.blockX = 256;
  return record;
}

CUpti_ActivityAPI call(CUpti_ActivityKind kind, std::uint32_t id, std::int64_t start, std::uint32_t correlation) {
  CUpti_ActivityAPI record{};
  record.kind = kind;
  record.cbid = id;
  record.start = static_cast<std::uint64_t>(start_utc + start);
  record.end = record.start + 10;
  record.correlationId = correlation;
  record.processId = 77;
  record.threadId = 78;
  return record;
}

class DecoderTest : public ::testing::Test {
 protected:
  void decode(MadeUpBuffer& buffer) { decoder_.decode(buffer.data(), buffer.size(), *writer_, time_); }

  // Closes the file and asks it; one value, or several joined.
  std::string ask(const std::string& sql) {
    if (writer_ != nullptr) {
      dropped_ = writer_->status().dropped;
      writer_->close();
      writer_.reset();
    }
    database::sqlite::Connection db(path_, database::sqlite::OpenMode::read_only, "run");
    return db.query_text(sql);
  }

  foldperf::testing::TemporaryFolder folder_;
  std::string path_ = (folder_ / "run.foldperf").string();
  std::unique_ptr<database::RunWriter> writer_ = std::make_unique<database::RunWriter>(path_, database::this_process());
  TimeBase time_{start_mono, start_utc};
  RecordingWindows windows_;
  CuptiApi api_ = MadeUpBuffer::api();
  Decoder decoder_{api_, Level::kernels, &windows_};
  std::vector<database::DroppedCount> dropped_;
};

TEST_F(DecoderTest, AKernelAndItsLaunchInAnyOrder) {
  MadeUpBuffer buffer;
  buffer.add(kernel("_Z4gemmv", 300, 400, 12));
  buffer.add(call(CUPTI_ACTIVITY_KIND_RUNTIME, 211, 50, 12));
  buffer.add(kernel("triton_red_fused_0", 100, 250, 11));
  buffer.add(call(CUPTI_ACTIVITY_KIND_DRIVER, 307, 40, 11));
  decode(buffer);
  EXPECT_EQ(ask("SELECT group_concat(x, '; ') FROM (SELECT s.value || ' ' || k.start || '-' || k.\"end\" || ' by ' || "
                "n.value x FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN StringIds s ON s.id = k.demangledName JOIN "
                "CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId JOIN StringIds n ON n.id = "
                "r.nameId ORDER BY k.start)"),
            "triton_red_fused_0 100-250 by cuLaunchKernelEx; gemm() 300-400 by cudaLaunchKernel");
  EXPECT_EQ(ask("SELECT deviceId || ' ' || streamId || ' ' || gridX || ' ' || blockX FROM CUPTI_ACTIVITY_KIND_KERNEL"),
            "1 7 132 256");
  EXPECT_EQ(ask("SELECT min(globalTid) FROM CUPTI_ACTIVITY_KIND_RUNTIME"), std::to_string(records::global_tid(77, 78)));
}

TEST_F(DecoderTest, TimesThatSayNothingAreCountedNotStored) {
  MadeUpBuffer buffer;
  buffer.add(kernel("a", 0, 0, 1));
  buffer.add(kernel("a", 200, 100, 2));
  buffer.add(kernel("a", 100, 100, 3));
  decode(buffer);
  EXPECT_EQ(ask("SELECT group_concat(correlationId) FROM CUPTI_ACTIVITY_KIND_KERNEL"), "3");
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(dropped_[0].count, 2U);
  EXPECT_EQ(dropped_[0].kind, records::Kind::kernel);
}

TEST_F(DecoderTest, AnUnknownKindIsCounted) {
  MadeUpBuffer buffer;
  CUpti_Activity unknown{};
  unknown.kind = static_cast<CUpti_ActivityKind>(9999);
  buffer.add(unknown);
  buffer.add(kernel("a", 1, 2, 3));
  decode(buffer);
  EXPECT_EQ(ask("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL"), "1");
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(dropped_[0].count, 1U);
}

TEST_F(DecoderTest, APointerThatWasGivenToAnotherNameIsReadAgain) {
  char name[] = "first_kernel";
  for (const char* text : {"first_kernel", "other_kernel"}) {
    std::memcpy(name, text, sizeof(name));
    MadeUpBuffer buffer;
    buffer.add(kernel(name, 10, 20, 1));
    decode(buffer);
  }
  EXPECT_EQ(ask("SELECT count(DISTINCT demangledName) FROM CUPTI_ACTIVITY_KIND_KERNEL"), "2");
}

TEST_F(DecoderTest, KernelsOfAReplayShareItsLaunchAndKeepTheirNodes) {
  MadeUpBuffer buffer;
  for (std::uint64_t replay = 0; replay < 2; ++replay) {
    const auto launch = static_cast<std::uint32_t>(90 + replay);
    for (std::uint64_t node = 0; node < 3; ++node) {
      auto record = kernel("a", static_cast<std::int64_t>(1000 * (replay + 1) + 10 * node),
                           static_cast<std::int64_t>(1000 * (replay + 1) + 10 * node + 5), launch);
      record.graphNodeId = std::uint64_t{4242} << 32 | node;
      record.graphId = 4242;
      buffer.add(record);
    }
    buffer.add(call(CUPTI_ACTIVITY_KIND_RUNTIME, 311, static_cast<std::int64_t>(900 * (replay + 1)), launch));
  }
  decode(buffer);
  EXPECT_EQ(ask("SELECT count(DISTINCT graphNodeId) || ' ' || count(*) || ' ' || count(DISTINCT correlationId) FROM "
                "CUPTI_ACTIVITY_KIND_KERNEL WHERE graphId = 4242"),
            "3 6 2");
}

TEST_F(DecoderTest, WindowsLeaveOutWhatLiesBetweenThem) {
  windows_.set(false, start_mono + 100, "control");
  windows_.set(true, start_mono + 200, "control");
  MadeUpBuffer buffer;
  for (const std::int64_t at : {50, 150, 250}) buffer.add(kernel("a", at, at + 1, static_cast<std::uint32_t>(at)));
  decode(buffer);
  EXPECT_EQ(ask("SELECT group_concat(correlationId) FROM (SELECT * FROM CUPTI_ACTIVITY_KIND_KERNEL ORDER BY start)"),
            "50,250");
}

TEST_F(DecoderTest, CopiesSetsAndSynchronization) {
  MadeUpBuffer buffer;
  CUpti_ActivityMemcpy6 copy{};
  copy.kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  copy.copyKind = CUPTI_ACTIVITY_MEMCPY_KIND_HTOD;
  copy.bytes = 4096;
  copy.start = start_utc + 1;
  copy.end = start_utc + 2;
  buffer.add(copy);
  CUpti_ActivityMemset4 set{};
  set.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  set.bytes = 64;
  set.start = start_utc + 3;
  set.end = start_utc + 4;
  buffer.add(set);
  CUpti_ActivitySynchronization2 wait{};
  wait.kind = CUPTI_ACTIVITY_KIND_SYNCHRONIZATION;
  wait.type = CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_CONTEXT_SYNCHRONIZE;
  wait.streamId = CUPTI_SYNCHRONIZATION_INVALID_VALUE;
  wait.cudaEventId = CUPTI_SYNCHRONIZATION_INVALID_VALUE;
  wait.start = start_utc + 5;
  wait.end = start_utc + 6;
  buffer.add(wait);
  decode(buffer);
  EXPECT_EQ(ask("SELECT bytes || ' ' || copyKind FROM CUPTI_ACTIVITY_KIND_MEMCPY"), "4096 1");
  EXPECT_EQ(ask("SELECT bytes FROM CUPTI_ACTIVITY_KIND_MEMSET"), "64");
  EXPECT_EQ(ask("SELECT streamId || ' ' || (eventId IS NULL) FROM CUPTI_ACTIVITY_KIND_SYNCHRONIZATION"), "-1 1");
}

}  // namespace
}  // namespace foldperf::collectors

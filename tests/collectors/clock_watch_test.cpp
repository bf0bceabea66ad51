#include "collectors/session/clock_watch.hpp"

#include <gtest/gtest.h>

#include "core/database/reader.hpp"
#include "core/database/writer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

std::int64_t fake_mono = 0, fake_utc = 0, reading_ns = 0;

std::int64_t mono() noexcept {
  fake_mono += reading_ns;
  return fake_mono;
}
std::int64_t utc() noexcept { return fake_utc; }

class ClockWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fake_mono = 5'000'000'000;
    fake_utc = 1'700'000'000'000'000'000;
    reading_ns = 0;
  }
  void pass(std::int64_t mono_ns, std::int64_t utc_ns) {
    fake_mono += mono_ns;
    fake_utc += utc_ns;
    watch_.check(*writer_, {5'000'000'000, 0});
  }
  // What is in the file; the writer is gone then.
  std::vector<database::CollectorRow> told() {
    writer_.reset();
    auto rows = database::RunReader(path_).collectors();
    std::erase_if(rows, [](const database::CollectorRow& row) { return row.name != "clock"; });
    return rows;
  }

  testing::TemporaryFolder folder_;
  std::string path_ = folder_ / "process";
  std::unique_ptr<database::RunWriter> writer_ = std::make_unique<database::RunWriter>(path_, database::this_process());
  ClockWatch watch_{mono, utc};
};

TEST_F(ClockWatchTest, ClocksThatGoTogetherAreNoStep) {
  pass(0, 0);
  for (int second = 0; second < 50; ++second) pass(1'000'000'000, 1'000'400'000);  // slewed by NTP
  pass(60'000'000'000, 60'025'000'000);                                            // the thread was away for a minute
  EXPECT_TRUE(told().empty());
}

TEST_F(ClockWatchTest, AStepIsToldOnceWithItsSize) {
  pass(0, 0);
  pass(1'000'000'000, 1'012'345'000);
  pass(1'000'000'000, 1'000'000'000);
  pass(1'000'000'000, -2'000'000'000);
  const auto rows = told();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, "stepped");
  EXPECT_NE(rows[0].detail.find("set 2 times, by 3000.000 ms at most: 12.345 ms forward by 1.0 s, "
                                "3000.000 ms back by 3.0 s;"),
            std::string::npos)
      << rows[0].detail;
}

TEST_F(ClockWatchTest, OnceASecondAndNotWhereTheThreadWasAwayBetweenTheClocks) {
  pass(0, 0);
  pass(500'000'000, 700'000'000);
  pass(400'000'000, 400'000'000);
  reading_ns = 3'000'000;
  pass(1'000'000'000, 1'000'000'000);
  reading_ns = 0;
  pass(0, -200'000'000 + 6'000'000);  // as if nothing had been
  EXPECT_TRUE(told().empty());
}

TEST_F(ClockWatchTest, AChildBeginsAnew) {
  pass(0, 0);
  watch_.restart();
  pass(1'000'000'000, 5'000'000'000);
  pass(1'000'000'000, 1'000'000'000);
  EXPECT_TRUE(told().empty());
}

TEST_F(ClockWatchTest, AClockThatIsSetAllTheTimeFillsNoFile) {
  pass(0, 0);
  for (int i = 0; i < 100; ++i) pass(1'000'000'000, 1'100'000'000);
  const auto rows = told();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NE(rows[0].detail.find("set 100 times"), std::string::npos) << rows[0].detail;
  EXPECT_LT(rows[0].detail.size(), 500U);
}

}  // namespace
}  // namespace foldperf::collectors

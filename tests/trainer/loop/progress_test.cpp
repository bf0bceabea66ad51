#include "trainer/loop/progress.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <sstream>

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Progress, LinesSayStepLossQualityRateAndTimeLeft) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::lines, 10);
  progress.step(0, 12.5, 0.25);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("step 1/10"), HasSubstr("loss 12.500"), HasSubstr("lDDT-Ca 0.250"),
                               HasSubstr("samples/s"), HasSubstr("left "), Not(HasSubstr("\r"))));
}

TEST(Progress, LinesAreFewButTheLastStepIsThere) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::lines, 100);
  for (int step = 0; step < 100; ++step) progress.step(step, 1, 0);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("step 1/100"), Not(HasSubstr("step 2/100")), HasSubstr("step 100/100")));
}

TEST(Progress, ABarIsRedrawnAndNotesStandOnTheirOwn) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::bar, 2);
  progress.step(0, 1, 0);
  progress.note("evaluated");
  progress.step(1, 1, 0);
  progress.finish();
  EXPECT_THAT(out.str(), AllOf(HasSubstr("[############............]"), HasSubstr("\r\033[Kevaluated\n"),
                               HasSubstr("[########################] step 2/2")));
  EXPECT_EQ(out.str().back(), '\n');
}

TEST(Progress, QuietIsSilent) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::quiet, 1);
  progress.step(0, 1, 0);
  progress.note("x");
  progress.finish();
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, DurationsReadWell) {
  EXPECT_EQ(format_duration(12.2), "12 s");
  EXPECT_EQ(format_duration(187), "3:07 min");
  EXPECT_EQ(format_duration(2 * 3600 + 15 * 60), "2:15 h");
  EXPECT_EQ(format_duration(4.2 * 86400), "4.2 days");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
}

}  // namespace
}  // namespace foldperf::trainer

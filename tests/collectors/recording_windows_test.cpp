#include "collectors/session/recording_windows.hpp"

#include <gtest/gtest.h>

#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

TEST(RecordingWindows, EverythingUntilTheFirstChange) {
  RecordingWindows windows;
  EXPECT_FALSE(windows.any());
  EXPECT_TRUE(windows.holds(0));
  windows.set(true, 50, "control");
  EXPECT_FALSE(windows.any());
}

TEST(RecordingWindows, HoldsWhatLiesInOne) {
  RecordingWindows windows;
  windows.set(false, 100, "control");
  windows.set(true, 200, "control");
  windows.set(false, 300, "control");
  EXPECT_TRUE(windows.any());
  EXPECT_TRUE(windows.holds(99));
  EXPECT_FALSE(windows.holds(100));
  EXPECT_FALSE(windows.holds(199));
  EXPECT_TRUE(windows.holds(200));
  EXPECT_TRUE(windows.holds(299));
  EXPECT_FALSE(windows.holds(300));
}

TEST(RecordingWindows, AreTold) {
  const foldperf::testing::TemporaryFolder folder;
  const std::string path = (folder / "run.foldperf").string();
  {
    database::RunWriter writer(path, database::this_process());
    const TimeBase time{1000, 0};
    RecordingWindows windows;
    windows.tell(writer, time);
    windows.set(false, 1100, "control");
    windows.tell(writer, time);
    windows.set(true, 1200, "control");
    windows.tell(writer, time);
    windows.finish(writer, time, 1300);
    windows.finish(writer, time, 1400);
    writer.close();
  }
  database::sqlite::Connection db(path, database::sqlite::OpenMode::read_only, "run");
  EXPECT_EQ(db.query_text("SELECT group_concat(start || '-' || coalesce(\"end\", '') || ' ' || reason, '; ') FROM "
                          "(SELECT * FROM windows ORDER BY start)"),
            "0-100 start; 200-300 control");
}

}  // namespace
}  // namespace foldperf::collectors

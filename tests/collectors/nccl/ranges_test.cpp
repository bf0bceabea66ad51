// The NVTX ranges that collectives are enqueued under.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/nccl/played.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Each collective with its stack, outermost range first.
const std::string stacks = R"(
WITH RECURSIVE path(id, text) AS (
  SELECT r.id, s.value FROM range_stacks r JOIN StringIds s ON s.id = r.textId WHERE COALESCE(r.parent, 0) = 0
  UNION ALL
  SELECT r.id, path.text || '/' || s.value FROM range_stacks r JOIN StringIds s ON s.id = r.textId
    JOIN path ON path.id = r.parent)
SELECT c.sequence_number, c.graph_replay, path.text FROM collectives c LEFT JOIN path ON path.id = c.stackId
ORDER BY c.id)";

TEST(NcclRanges, AreThoseOfTheCallAlsoInReplays) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"ranges", FOLDPERF_NVTX_RANGES});
  EXPECT_EQ(played.result.exit_code, 0);
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0], stacks),
              ElementsAre("0|0|backward/layer 0", "10|0|backward", "1|0|backward/layer 1", "11|0|-",
                          "20|1|captured/mlp", "21|2|captured/mlp", "22|3|captured/mlp"));
  EXPECT_THAT(query(played.files[0], "SELECT kind,reason FROM dropped_records"), IsEmpty());
  const std::string merged = folder / "merged.db";
  database::merge_process_files(played.files, merged, {});
  EXPECT_THAT(query(merged, stacks), SizeIs(7));
  EXPECT_THAT(query(merged, stacks)[4], "20|1|captured/mlp");
}

TEST(NcclRanges, AreThoseOfTheThreadThatEnqueuesWhereNoCallIsTold) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"ranges", FOLDPERF_NVTX_RANGES, "4"});
  EXPECT_EQ(played.result.exit_code, 0);
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0], stacks),
              ElementsAre("0|0|backward/layer 0", "10|0|backward", "1|0|backward/layer 1", "11|0|-"));
}

TEST(NcclRanges, AreNoneWithoutNvtx) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"ranges", FOLDPERF_NVTX_RANGES}, {{"FOLDPERF_COLLECT", "nccl"}});
  EXPECT_EQ(played.result.exit_code, 0);
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0], "SELECT count(*),count(stackId) FROM collectives"), ElementsAre("7|0"));
}

}  // namespace
}  // namespace foldperf::testing

// Eight processes, a file each, and what `foldperf merge` makes of them: collectives of all ranks, joined.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/database/sqlite.hpp"
#include "tests/collectors/nccl/played.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int ranks = 8;

// One number out of a view, which RunReader does not allow in files of strangers.
std::int64_t number(const std::string& path, const std::string& sql) {
  namespace sqlite = database::sqlite;
  return sqlite::Connection(path, sqlite::OpenMode::read_only, path).query_int(sql);
}

TEST(NcclRanks, AreJoinedByCommunicatorOperationNumberAndReplay) {
  const TemporaryFolder folder;
  std::vector<std::unique_ptr<BackgroundProcess>> processes;
  for (int rank = 0; rank < ranks; ++rank) {
    const std::string number = std::to_string(rank);
    processes.push_back(std::make_unique<BackgroundProcess>(
        scenario_command({"rank", number, std::to_string(ranks)}),
        watched(folder.path(), {{"RANK", number}, {"LOCAL_RANK", number}, {"WORLD_SIZE", std::to_string(ranks)}})));
  }
  for (const auto& process : processes) {
    const ProcessResult result = process->wait();
    ASSERT_EQ(result.exit_code, 0) << result.errors;
  }
  ASSERT_THAT(files_in(folder.path()), SizeIs(ranks));
  const std::string merged = folder / "merged.db";
  const auto result = run_process({program("foldperf"), "merge", folder.path().string(), "--output", merged});
  ASSERT_EQ(result.exit_code, 0) << result.errors;

  // A communicator is one in the run, whatever its number was in each process.
  EXPECT_THAT(query(merged,
                    "SELECT global_id,name,size,count(*),count(DISTINCT communicator),"
                    "group_concat(rank_in_communicator,' ') FROM (SELECT * FROM communicators ORDER BY rank) "
                    "GROUP BY global_id ORDER BY global_id"),
              ElementsAre("0x00000000000000e0|half|4|4|1|0 1 2 3", "0x00000000000000e1|half|4|4|1|0 1 2 3",
                          "0x000000000000abcd|world|8|8|1|0 1 2 3 4 5 6 7"));

  // Each collective of each replay once, with all its ranks.
  const std::string joined =
      "SELECT m.global_id,c.operation,c.sequence_number,c.graph_replay,count(*),count(DISTINCT c.rank),"
      "max(c.gpu_ns)-min(c.gpu_ns) FROM collectives c JOIN communicators m ON m.communicator=c.communicator AND "
      "m.rank=c.rank WHERE is_p2p=0 GROUP BY c.communicator,c.operation,c.sequence_number,c.graph_replay ORDER BY "
      "1,2,3,4";
  std::vector<std::string> expected;
  for (const char* half : {"0x00000000000000e0", "0x00000000000000e1"}) {
    for (int sequence = 0; sequence < 2; ++sequence) {
      expected.push_back(std::string(half) + "|AllGather|" + std::to_string(sequence) + "|0|4|4|6");
    }
    expected.push_back(std::string(half) + "|AllReduce|0|0|4|4|6");
  }
  for (int sequence = 0; sequence < 5; ++sequence) {
    expected.push_back("0x000000000000abcd|AllReduce|" + std::to_string(sequence) + "|0|8|8|7");
  }
  for (int replay = 1; replay <= 3; ++replay) {
    expected.push_back("0x000000000000abcd|AllReduce|" + std::to_string(4 + replay) + "|" + std::to_string(replay) +
                       "|8|8|7");
  }
  EXPECT_THAT(query(merged, joined), ::testing::ElementsAreArray(expected));

  // The view that people use finds the same: of each collective, the last to arrive waited for nobody.
  EXPECT_EQ(number(merged, "SELECT count(*) FROM collectives_by_rank WHERE ranks <> iif(global_id LIKE '%abcd',8,4)"),
            0);
  EXPECT_EQ(number(merged, "SELECT count(*) FROM collectives_by_rank WHERE rank = culprit AND waited_ns <> 0"), 0);
  EXPECT_EQ(number(merged,
                   "SELECT count(DISTINCT communicator || ' ' || operation || ' ' || sequence_number || ' ' || "
                   "graph_replay) FROM "
                   "collectives_by_rank WHERE rank = culprit"),
            static_cast<std::int64_t>(expected.size()));

  // A transfer has two ends: the n-th that one rank sends to another is the n-th that this one receives from it.
  EXPECT_THAT(query(merged,
                    "SELECT count(*) FROM collectives s JOIN collectives r ON r.communicator=s.communicator "
                    "AND r.rank=s.peer AND s.rank=r.peer AND r.sequence_number=s.sequence_number WHERE "
                    "s.operation='Send' AND r.operation='Recv'"),
              ElementsAre(std::to_string(ranks)));
  EXPECT_THAT(query(merged, "SELECT kind,reason FROM dropped_records"), IsEmpty());
}

}  // namespace
}  // namespace foldperf::testing

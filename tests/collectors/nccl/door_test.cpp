// The rows that become of what NCCL tells, through every version of its plugins' interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "collectors/nccl/abi.hpp"
#include "tests/collectors/nccl/played.hpp"

namespace foldperf::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string dropped = "SELECT kind,reason,count FROM dropped_records ORDER BY kind,reason";

// The one file of a scenario that ends well.
std::string file_of(const TemporaryFolder& folder, const std::vector<std::string>& scenario,
                    const std::map<std::string, std::string>& environment = {}) {
  const Played played = play(folder, scenario, environment);
  EXPECT_EQ(played.result.exit_code, 0);
  EXPECT_THAT(played.files, SizeIs(1));
  return played.files.empty() ? std::string() : played.files[0];
}

TEST(NcclDoor, AsksForWhatTheLevelIsFor) {
  using namespace collectors::nccl::abi;
  const std::uint64_t old = collective | point_to_point;
  const std::uint64_t kernels = old | kernel_channel;
  const std::uint64_t calls = kernels | collective_call | point_to_point_call;
  const std::uint64_t network = proxy_operation | proxy_step;
  const auto lines = [](std::uint64_t more, const std::vector<std::uint64_t>& masks) {
    std::string text;
    for (const std::uint64_t mask : masks) text += std::to_string(mask | more) + " context\n";
    return text;
  };
  for (const char* level : {"light", "kernels"}) {
    const TemporaryFolder folder;
    EXPECT_EQ(play(folder, {"masks"}, {{"FOLDPERF_LEVEL", level}}).result.output,
              lines(0, {old, old, kernels, kernels, calls}));
  }
  const TemporaryFolder folder;
  EXPECT_EQ(play(folder, {"masks"}, {{"FOLDPERF_LEVEL", "full"}}).result.output,
            lines(network, {old, old, kernels, kernels, calls}));
}

TEST(NcclDoor, IsShutWhereNothingIsToBeCollected) {
  const TemporaryFolder folder;
  const std::string nothing = "0 none\n0 none\n0 none\n0 none\n0 none\n";
  EXPECT_EQ(play(folder, {"masks"}, {{"FOLDPERF_COLLECT", "nvtx,host"}}).result.output, nothing);
  EXPECT_EQ(run_process(scenario_command({"masks"})).output, nothing) << "no folder is named";
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  // What it answers then is good for all that follows.
  EXPECT_EQ(play(folder, {"replays"}, {{"FOLDPERF_COLLECT", "nvtx,host"}}).result.exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(NcclDoor, TellsTheSameThroughEveryVersion) {
  for (int version = 1; version <= 5; ++version) {
    SCOPED_TRACE("version " + std::to_string(version));
    const TemporaryFolder folder;
    const std::string file = file_of(folder, {"version", std::to_string(version)});
    // The GPU's timer comes with version 4, the number of channels too.
    const auto since4 = [&](const std::string& value) { return version >= 4 ? value : "-"; };
    EXPECT_THAT(
        query(file,
              "SELECT communicator,sequence_number,graph_replay,operation,bytes,dtype,algorithm,protocol,root,"
              "peer,is_p2p,channels,gpu_start,gpu_ns FROM collectives ORDER BY is_p2p,operation DESC"),
        ElementsAre("1|7|0|AllReduce|512|bfloat16|RING|SIMPLE|0|-|0|" + since4("2") + "|" + since4("1000") + "|" +
                        since4("5000"),
                    "1|0|0|Send|256|float32|-|-|-|5|1|" + since4("1") + "|" + since4("2000") + "|" + since4("500"),
                    "1|0|0|Recv|256|float32|-|-|-|2|1|" + since4("1") + "|" + since4("3000") + "|" + since4("300")));
    // Without kernels nobody tells an end.
    EXPECT_THAT(query(file, "SELECT DISTINCT \"end\" IS NOT NULL FROM collectives"),
                ElementsAre(version >= 3 ? "1" : "0"));
    EXPECT_THAT(query(file, "SELECT count(*) FROM collectives WHERE enqueued > start OR start > \"end\" OR start < 0"),
                ElementsAre("0"));
    EXPECT_THAT(query(file, "SELECT count(*) FROM collectives c, ranks r WHERE c.globalTid/16777216 = r.pid"),
                ElementsAre("3"));
    const std::string size = version >= 4 ? "8" : "0";
    EXPECT_THAT(query(file, "SELECT communicator,global_id,name,size,rank_in_communicator FROM communicators"),
                ElementsAre("1|0x0000000000001234|world|" + size + "|3"));
    EXPECT_THAT(query(file, "SELECT state,detail LIKE '%version " + std::to_string(version) +
                                "%' FROM collectors WHERE name='nccl'"),
                ElementsAre("on|1"));
    EXPECT_THAT(query(file, dropped), IsEmpty());
  }
}

TEST(NcclDoor, KeepsReplaysOfAGraphApart) {
  const TemporaryFolder folder;
  const std::string file = file_of(folder, {"replays"}, {{"FOLDPERF_LEVEL", "full"}});
  // Ten collectives, 240 channels of kernels; each replay has its own times on the GPU.
  std::vector<std::string> expected;
  for (int replay = 1; replay <= 10; ++replay) {
    expected.push_back(std::to_string(3 + replay) + "|" + std::to_string(replay) + "|24|24|" +
                       std::to_string(100'000 * replay) + "|5023|1");
  }
  EXPECT_THAT(query(file,
                    "SELECT c.sequence_number,c.graph_replay,c.channels,count(*),c.gpu_start,c.gpu_ns,"
                    "c.\"end\" = max(k.\"end\") FROM collectives c JOIN collective_channels k ON k.collective = c.id "
                    "GROUP BY c.id ORDER BY c.graph_replay"),
              ::testing::ElementsAreArray(expected));
  EXPECT_THAT(query(file, "SELECT count(*), count(DISTINCT collective), count(gpu_end) FROM collective_channels"),
              ElementsAre("240|10|240"));
  EXPECT_THAT(query(file,
                    "SELECT max(k.gpu_end - k.gpu_start), min(k.gpu_end - k.gpu_start), "
                    "count(*) FILTER (WHERE k.start < c.start OR k.\"end\" > c.\"end\") "
                    "FROM collective_channels k JOIN collectives c ON c.id = k.collective"),
              ElementsAre("5000|5000|0"));
  EXPECT_THAT(query(file, dropped), IsEmpty());
}

TEST(NcclDoor, FoldsChannelsBelowLevelFull) {
  const TemporaryFolder folder;
  const std::string file = file_of(folder, {"replays", "3"});
  EXPECT_THAT(query(file, "SELECT graph_replay,gpu_ns,\"end\" IS NOT NULL FROM collectives ORDER BY 1"),
              ElementsAre("1|5023|1", "2|5023|1", "3|5023|1"));
  EXPECT_THAT(query(file, "SELECT count(*) FROM collective_channels"), ElementsAre("0"));
}

TEST(NcclDoor, CountsReplaysByTheNumberWhereNoCallIsTold) {
  const TemporaryFolder folder;
  const std::string file = file_of(folder, {"same_number"});
  EXPECT_THAT(query(file, "SELECT operation,sequence_number,graph_replay FROM collectives ORDER BY id"),
              ElementsAre("AllReduce|1|0", "AllReduce|2|0", "AllGather|2|0", "AllReduce|2|1", "AllReduce|2|2",
                          "AllReduce|3|0", "AllGather|3|0"));
}

TEST(NcclDoor, PassesOverHandlesThatAreNone) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"null_handles"}, {{"FOLDPERF_LEVEL", "full"}});
  EXPECT_EQ(played.result.exit_code, 0);
  EXPECT_EQ(played.result.output, "None None None\nNone None None\nNone None None\nNone None None\n");
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0], "SELECT sequence_number,gpu_ns FROM collectives"), ElementsAre("1|10"));
  EXPECT_THAT(query(played.files[0], "SELECT count(*) FROM collective_channels"), ElementsAre("2"));
  // Two channels and four operations; a child of nothing is nothing.
  EXPECT_THAT(query(played.files[0], dropped),
              ElementsAre("collective_channels|of a collective that is not known, or no longer|6"));
}

TEST(NcclDoor, SumsWhatTheProxyWaitedFor) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"proxies"}, {{"FOLDPERF_LEVEL", "full"}});
  EXPECT_EQ(played.result.exit_code, 0);
  EXPECT_EQ(played.result.output, "None\n");
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0],
                    "SELECT w.channel,w.peer,w.is_send,w.state,w.steps FROM proxy_waits w JOIN collectives c ON c.id = "
                    "w.collective WHERE w.ns >= 0 ORDER BY w.is_send DESC,w.state"),
              ElementsAre("1|4|1|SendGPUWait|3", "1|4|1|SendPeerWait|3", "1|4|1|SendWait|3", "1|14|0|RecvGPUWait|2",
                          "1|14|0|RecvWait|2"));
  EXPECT_THAT(query(played.files[0], "SELECT gpu_ns FROM collectives"), ElementsAre("350"));
  EXPECT_THAT(query(played.files[0], dropped), ElementsAre("proxy_waits|worked for a collective of another process|1"));
}

TEST(NcclDoor, CountsWhatDoesNotFit) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"full_pool"});
  EXPECT_EQ(played.result.exit_code, 0);
  EXPECT_EQ(played.result.output, "100\n");
  ASSERT_THAT(played.files, SizeIs(1));
  EXPECT_THAT(query(played.files[0],
                    "SELECT count(*),count(\"end\") FROM collectives c JOIN communicators m ON "
                    "m.communicator = c.communicator WHERE m.global_id = '0x0000000000001234'"),
              ElementsAre("65536|0"));
  EXPECT_THAT(query(played.files[0],
                    "SELECT sequence_number FROM collectives c JOIN communicators m ON "
                    "m.communicator = c.communicator WHERE m.global_id = '0x0000000000000099'"),
              ElementsAre("5"));
  EXPECT_THAT(query(played.files[0], "SELECT kind,reason,count >= 100 FROM dropped_records"),
              ElementsAre("collectives|too many events of NCCL were under way|1"));
}

TEST(NcclDoor, TakesEventsOfManyThreads) {
  const TemporaryFolder folder;
  const std::string file = file_of(folder, {"threads"});
  EXPECT_THAT(query(file,
                    "SELECT m.global_id,count(*),count(DISTINCT sequence_number),min(gpu_ns),max(gpu_ns),"
                    "count(\"end\"),count(DISTINCT globalTid) FROM collectives c JOIN communicators m ON "
                    "m.communicator = c.communicator GROUP BY m.communicator ORDER BY m.global_id"),
              ElementsAre("0x0000000000000064|500|500|10|10|500|1", "0x0000000000000065|500|500|10|10|500|1"));
  EXPECT_THAT(query(file, dropped), IsEmpty());
}

TEST(NcclDoor, LeavesTheParentsEventsToTheParent) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"fork"});
  EXPECT_EQ(played.result.output, "0\n");
  std::vector<std::string> rows;
  for (const std::string& file : played.files) {
    for (const std::string& row :
         query(file,
               "SELECT m.name,c.sequence_number,c.gpu_ns FROM collectives c JOIN communicators m ON "
               "m.communicator = c.communicator")) {
      rows.push_back(row);
    }
  }
  EXPECT_THAT(rows, ::testing::UnorderedElementsAre("world|1|10", "child|3|-"));
}

TEST(NcclDoor, TellsLongCollectivesOnce) {
  const TemporaryFolder folder;
  const std::string file = file_of(folder, {"late"});
  EXPECT_THAT(query(file, "SELECT sequence_number,gpu_ns,\"end\" IS NULL FROM collectives ORDER BY 1"),
              ElementsAre("1|20|0", "2|10|0"));
  EXPECT_THAT(query(file, dropped), IsEmpty());
}

TEST(NcclDoor, KeepsWhatWasDoneAndUnderWayBeforeAKill) {
  const TemporaryFolder folder;
  const Played played = play(folder, {"kill"});
  EXPECT_EQ(played.result.exit_code, 128 + SIGKILL);
  const std::string merged = folder / "merged.db";
  database::merge_process_files(played.files, merged, {});
  EXPECT_THAT(query(merged, "SELECT sequence_number,gpu_ns,\"end\" IS NULL FROM collectives ORDER BY 1"),
              ElementsAre("1|10|0", "2|-|1"));
  EXPECT_THAT(query(merged, "SELECT state FROM ranks"), ElementsAre("killed"));
}

TEST(NcclDoor, LosesNothingButTheEndWhenKilledAtAnyMoment) {
  int with_rows = 0;
  for (int i = 0; i < 10; ++i) {
    const TemporaryFolder folder;
    BackgroundProcess process(scenario_command({"storm"}), watched(folder.path()));
    std::this_thread::sleep_for(std::chrono::milliseconds(400 + 97 * i));
    process.signal_group(SIGKILL);
    process.wait();
    const auto files = files_in(folder.path());
    if (files.empty()) continue;  // killed before its first commit
    const std::string merged = folder / "merged.db";
    const auto report = database::merge_process_files(files, merged, {});
    for (const auto& file : report.files) EXPECT_EQ(file.problem.find("damaged"), std::string::npos) << file.problem;
    EXPECT_THAT(query(merged, "SELECT count(*) = COALESCE(max(sequence_number) + 1, 0) FROM collectives"),
                ElementsAre("1"));
    EXPECT_THAT(query(merged, "SELECT count(*) FROM collectives WHERE gpu_ns IS NOT 10"), ElementsAre("0"));
    with_rows += query(merged, "SELECT count(*) > 0 FROM collectives")[0] == "1" ? 1 : 0;
  }
  EXPECT_GT(with_rows, 0);
}

}  // namespace
}  // namespace foldperf::testing

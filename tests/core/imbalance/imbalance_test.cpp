// From the files of ranks to the report: one of them is late, for a reason that only the run database tells.
#include "core/imbalance/imbalance.hpp"

#include <gmock/gmock.h>

#include "core/analysis/analysis.hpp"
#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "core/database/writer.hpp"
#include "core/report/report.hpp"
#include "tests/support/files.hpp"

namespace foldperf::imbalance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TemporaryFolder;

constexpr std::int64_t ms = 1'000'000;
constexpr int steps = 10, late_rank = 1;

enum class Injected { nothing, loader, neighbour };

std::string rank_file(const TemporaryFolder& folder, int rank, int ranks, Injected injected) {
  const std::string path = folder / ("rank" + std::to_string(rank) + ".foldperf");
  database::ProcessInfo info;
  info.rank = rank, info.world_size = ranks, info.host = "node", info.pid = 100 + rank;
  info.start_utc_ns = 1'700'000'000'000'000'000;
  database::RunWriter writer(path, info);
  const std::int64_t thread = records::global_tid(info.pid, info.pid);
  records::CommunicatorRecord communicator;
  communicator.communicator = 1, communicator.global_id = "c0ffee", communicator.size = ranks;
  communicator.rank_in_communicator = rank;
  writer.add(communicator);
  const bool late = rank == late_rank && injected != Injected::nothing;
  for (int step = 0; step < steps; ++step) {
    const std::int64_t start = step * 500 * ms;
    const std::int64_t extra = late && step > 0 ? 80 * ms : 0;
    records::NvtxRecord wait;
    wait.start_ns = start, wait.end_ns = start + 5 * ms + (injected == Injected::loader ? extra : 0);
    wait.text = "data_wait", wait.global_tid_start = thread;
    writer.add(wait);
    records::CollectiveRecord collective;
    collective.id = step + 1, collective.communicator = 1, collective.sequence_number = step,
    collective.operation = "AllReduce";
    collective.start_ns = start + 300 * ms + extra, collective.end_ns = start + 390 * ms;
    writer.add(collective);
    for (int sample = 0; sample < 5; ++sample) {
      records::HostSampleRecord host;
      host.at_ns = start + sample * 100 * ms;
      host.others_on_our_cores_permille = late && injected == Injected::neighbour ? 600 : 10;
      writer.add(host);
    }
  }
  writer.close();
  return path;
}

std::string merged(const TemporaryFolder& folder, int ranks, Injected injected) {
  std::vector<std::string> files;
  for (int rank = 0; rank < ranks; ++rank) files.push_back(rank_file(folder, rank, ranks, injected));
  const std::string run = folder / "run.db";
  database::merge_process_files(files, run, {});
  return run;
}

class RunOfRanks : public ::testing::TestWithParam<int> {};

TEST_P(RunOfRanks, NamesTheLateRankAndItsLoader) {
  const TemporaryFolder folder;
  const database::RunReader reader(merged(folder, GetParam(), Injected::loader));
  const Imbalance found = analyze_imbalance(reader);
  EXPECT_EQ(found.meetings, steps);
  EXPECT_EQ(found.alone, 0);
  ASSERT_THAT(found.stragglers, ::testing::SizeIs(1));
  const Straggler& late = found.stragglers[0];
  EXPECT_EQ(late.rank, late_rank);
  EXPECT_EQ(late.times, steps - 1);
  EXPECT_EQ(late.caused_ns, (steps - 1) * (GetParam() - 1) * 80 * ms);
  EXPECT_EQ(late.caused_ns, found.waited_ns);
  EXPECT_EQ(late.mostly.cause, Cause::loader);
  EXPECT_NEAR(late.mostly.evidence, 80.0 * ms, 1);
  std::int64_t of_steps = 0;
  for (const StepWait& wait : found.by_step) {
    EXPECT_EQ(wait.waited_for, late_rank);
    of_steps += wait.waited_ns;
  }
  EXPECT_EQ(of_steps, found.waited_ns);
}

TEST_P(RunOfRanks, NamesTheNeighbourOnTheLateRanksCores) {
  const TemporaryFolder folder;
  const database::RunReader reader(merged(folder, GetParam(), Injected::neighbour));
  const Imbalance found = analyze_imbalance(reader);
  ASSERT_THAT(found.stragglers, ::testing::SizeIs(1));
  EXPECT_EQ(found.stragglers[0].rank, late_rank);
  EXPECT_EQ(found.stragglers[0].mostly.cause, Cause::busy_neighbour);
}

TEST_P(RunOfRanks, ThatAreEvenHasNoStraggler) {
  const TemporaryFolder folder;
  const database::RunReader reader(merged(folder, GetParam(), Injected::nothing));
  const Imbalance found = analyze_imbalance(reader);
  EXPECT_EQ(found.meetings, steps);
  EXPECT_EQ(found.waited_ns, 0);
  EXPECT_THAT(found.stragglers, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Ranks, RunOfRanks, ::testing::Values(2, 8));

TEST(ImbalanceReport, SaysWhoAndWhy) {
  const TemporaryFolder folder;
  const database::RunReader reader(merged(folder, 2, Injected::loader));
  const auto run = analysis::analyze(reader);
  const std::string text = report::render(run, report::Format::text, {});
  EXPECT_THAT(text, HasSubstr("Waiting for other ranks"));
  EXPECT_THAT(text, HasSubstr("loader"));
  const std::string json = report::render(run, report::Format::json, {});
  EXPECT_THAT(json, HasSubstr("\"cause\": \"loader\""));
  const std::string html = report::render(run, report::Format::html, {});
  EXPECT_THAT(html, HasSubstr("Waiting for other ranks"));
  EXPECT_THAT(html, HasSubstr("more in the loader each time"));
}

TEST(ImbalanceReport, OfOneRankIsSilent) {
  const TemporaryFolder folder;
  const database::RunReader reader(merged(folder, 1, Injected::nothing));
  EXPECT_THAT(report::render(analysis::analyze(reader), report::Format::text, {}), Not(HasSubstr("Waiting for other")));
}

}  // namespace
}  // namespace foldperf::imbalance

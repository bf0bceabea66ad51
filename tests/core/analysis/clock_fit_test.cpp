// Clocks whose offset, drift and noise are known, and whole runs of several machines.
#include "core/analysis/clock_fit.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A machine's clock: what it shows at a true moment.
struct Clock {
  std::int64_t offset_ns = 0;
  std::int64_t drift_ppb = 0;
  [[nodiscard]] std::int64_t at(std::int64_t moment) const {
    return moment + offset_ns + moment * drift_ppb / 1'000'000'000;
  }
};

struct Noise {
  std::mt19937_64 random{7};
  double sigma_ns = 2000;
  double wrong = 0;  // part of the collectives whose end was seen up to 50 ms late
  std::int64_t operator()() {
    if (std::uniform_real_distribution<>(0, 1)(random) < wrong) {
      return std::uniform_int_distribution<std::int64_t>(1'000'000, 50'000'000)(random);
    }
    return std::llround(std::normal_distribution<>(0, sigma_ns)(random));
  }
};

std::vector<ClockAnchor> anchors(const Clock& clock, int count, std::int64_t apart_ns, Noise noise) {
  std::vector<ClockAnchor> all;
  for (int i = 0; i < count; ++i) {
    const std::int64_t moment = 1'000'000'000 + i * apart_ns;
    all.push_back({clock.at(moment) + noise(), moment + noise()});
  }
  return all;
}

TEST(ClockFit, OffsetAndDriftAreRecovered) {
  const Clock clock{-31'000'000, 20'000};
  const auto fit = fit_clock(anchors(clock, 3000, 100'000'000, {}));  // 300 s
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->anchors, 3000);
  EXPECT_NEAR(static_cast<double>(fit->drift_ppb), -20'000, 5);
  for (const std::int64_t moment : {0LL, 150'000'000'000LL, 301'000'000'000LL}) {
    EXPECT_NEAR(static_cast<double>(fit->corrected(clock.at(moment)) - moment), 0, 1000) << moment;
  }
  // 1.96 times the noise of a difference of two.
  EXPECT_NEAR(static_cast<double>(fit->residual_ns), 1.96 * 2000 * std::sqrt(2.0), 400);
}

TEST(ClockFit, CollectivesSeenLateDoNotMoveIt) {
  const Clock clock{5'000'000'000, -8'000};
  const auto fit = fit_clock(anchors(clock, 2000, 50'000'000, {.wrong = 0.1}));
  ASSERT_TRUE(fit);
  EXPECT_NEAR(static_cast<double>(fit->drift_ppb), 8'000, 20);
  EXPECT_NEAR(static_cast<double>(fit->corrected(clock.at(50'000'000'000)) - 50'000'000'000), 0, 2000);
  EXPECT_GT(fit->residual_ns, 1'000'000);  // and it says that a twentieth is off by more
}

TEST(ClockFit, NoiseIsNotTakenForDrift) {
  const auto fit = fit_clock(anchors({1'000'000, 0}, 20, 10'000'000, {}));  // 0.2 s
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->drift_ppb, 0);
  EXPECT_NEAR(static_cast<double>(fit->offset_ns), -1'000'000, 2000);
}

TEST(ClockFit, FewAnchorsAndAnchorsOfOneMoment) {
  EXPECT_FALSE(fit_clock(anchors({}, 7, 1000, {})));
  const auto fit = fit_clock(std::vector<ClockAnchor>(8, {1000, 400}));
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->offset_ns, -600);
  EXPECT_EQ(fit->drift_ppb, 0);
  EXPECT_EQ(fit->residual_ns, 0);
}

// A run of `clocks.size()` machines with two ranks each; collectives of all ranks, and an NVTX range of each rank that
// truly begins at 2 s and lasts 1 ms. `in_pairs`: only neighbours share collectives.
class Machines {
 public:
  Machines(const std::vector<Clock>& clocks, int collectives, bool in_pairs = false) {
    Noise noise;
    for (std::size_t machine = 0; machine < clocks.size(); ++machine) {
      for (int local = 0; local < 2; ++local) {
        const int rank = static_cast<int>(2 * machine) + local;
        database::ProcessInfo info;
        info.rank = rank, info.host = "node" + std::to_string(machine), info.pid = 100 + rank, info.command = "train";
        info.start_utc_ns = 1'700'000'000'000'000'000;
        files_.push_back(folder_ / ("rank" + std::to_string(rank)));
        database::RunWriter writer(files_.back(), info);
        records::NvtxRecord range;
        range.start_ns = clocks[machine].at(2'000'000'000), range.end_ns = clocks[machine].at(2'001'000'000);
        range.text = "forward";
        writer.add(range);
        // In a chain, machine i shares communicator i with the one before and i + 1 with the one behind.
        for (std::size_t communicator = in_pairs ? machine : 0; communicator <= (in_pairs ? machine + 1 : 0);
             ++communicator) {
          records::CommunicatorRecord known;
          known.communicator = 1 + communicator, known.global_id = "c" + std::to_string(communicator);
          writer.add(known);
          for (int i = 0; i < collectives; ++i) {
            const std::int64_t moment = 1'000'000'000 + i * 100'000'000LL;
            records::CollectiveRecord collective;
            collective.id = 1 + static_cast<std::uint32_t>(communicator) * 10'000 + static_cast<std::uint32_t>(i);
            collective.communicator = 1 + communicator, collective.sequence_number = i;
            collective.operation = "AllReduce";
            collective.start_ns = clocks[machine].at(moment - 500'000);
            collective.end_ns = clocks[machine].at(moment) + noise();
            writer.add(collective);
          }
        }
        writer.close();
      }
    }
    database::merge_process_files(files_, path(), {});
  }
  [[nodiscard]] std::string path() const { return folder_ / "run.db"; }
  std::int64_t number(const std::string& sql) const {
    database::sqlite::Connection connection(path(), database::sqlite::OpenMode::read_only, path());
    return connection.query_int(sql);
  }

 private:
  testing::TemporaryFolder folder_;
  std::vector<std::string> files_;
};

TEST(ClockFit, ARunOfTwoMachines) {
  const Machines run({{0, 0}, {3'000'000, 10'000}}, 1200);
  EXPECT_THAT(fit_clocks(run.path()), ElementsAre(HasSubstr("clocks of 2 machines were aligned by at least 1200")));
  for (int rank = 0; rank < 4; ++rank) {
    const std::string of_rank = " FROM NVTX_EVENTS WHERE rank=" + std::to_string(rank);
    EXPECT_NEAR(static_cast<double>(run.number("SELECT start" + of_rank)), 2e9, rank < 2 ? 0 : 2000);
    EXPECT_NEAR(static_cast<double>(run.number("SELECT \"end\"-start" + of_rank)), 1e6, rank < 2 ? 0 : 20);
  }
  EXPECT_EQ(run.number("SELECT start FROM collectives WHERE rank=0 AND sequence_number=5"), 1'499'500'000);
  EXPECT_NEAR(static_cast<double>(run.number("SELECT start FROM collectives WHERE rank=3 AND sequence_number=5")),
              1'499'500'000, 2000);
  EXPECT_EQ(run.number("SELECT count(*) FROM clock_fit"), 4);
  EXPECT_EQ(run.number("SELECT offset_ns=0 AND drift_ppb=0 AND residual_ns=0 FROM clock_fit WHERE rank=1"), 1);
  EXPECT_NEAR(static_cast<double>(run.number("SELECT drift_ppb FROM clock_fit WHERE rank=3")), -10'000, 20);
  EXPECT_NEAR(static_cast<double>(run.number("SELECT offset_ns FROM clock_fit WHERE rank=3")), -3'000'000, 2000);
  EXPECT_EQ(run.number("SELECT clock_residual_ns FROM ranks WHERE rank=0"), 0);
  EXPECT_NEAR(static_cast<double>(run.number("SELECT clock_residual_ns FROM ranks WHERE rank=2")), 5000, 2000);
  // A second time nothing moves.
  const auto before = run.number("SELECT sum(start) FROM collectives");
  EXPECT_THAT(fit_clocks(run.path()), IsEmpty());
  EXPECT_EQ(run.number("SELECT sum(start) FROM collectives"), before);
}

TEST(ClockFit, EightMachinesOfWhichOnlyNeighboursShareCollectives) {
  std::vector<Clock> clocks;
  for (int i = 0; i < 8; ++i) clocks.push_back({i * 700'000 * (i % 2 == 0 ? 1 : -1), i * 1'500});
  const Machines run(clocks, 600, true);
  EXPECT_THAT(fit_clocks(run.path()), ElementsAre(HasSubstr("clocks of 8 machines were aligned")));
  for (int rank = 0; rank < 16; ++rank) {
    EXPECT_NEAR(static_cast<double>(run.number("SELECT start FROM NVTX_EVENTS WHERE rank=" + std::to_string(rank))),
                2e9, 5000)
        << rank;
  }
}

TEST(ClockFit, TooFewCollectivesLeaveTheTimesAlone) {
  const Machines run({{0, 0}, {3'000'000, 0}}, 5);
  EXPECT_THAT(fit_clocks(run.path()),
              ElementsAre("the clock of node1 was not compared with the others' (5 common collectives, 8 are needed): "
                          "its times are as it gave them"));
  EXPECT_EQ(run.number("SELECT start FROM NVTX_EVENTS WHERE rank=2"), 2'003'000'000);
  EXPECT_EQ(run.number("SELECT count(*) FROM clock_fit WHERE rank>1"), 0);
  EXPECT_EQ(run.number("SELECT clock_residual_ns IS NULL FROM ranks WHERE rank=2"), 1);
}

TEST(ClockFit, OneMachineHasOneClock) {
  const Machines run({{0, 0}}, 20);
  EXPECT_THAT(fit_clocks(run.path()), IsEmpty());
  EXPECT_EQ(run.number("SELECT count(*) FROM clock_fit"), 0);
}

TEST(ClockFit, WhatIsNoRunIsNamed) {
  const testing::TemporaryFolder folder;
  folder.write("no.db", "text");
  EXPECT_THAT(testing::message_of<InputError>([&] { fit_clocks(folder / "no.db"); }), HasSubstr("no.db: "));
}

}  // namespace
}  // namespace foldperf::analysis

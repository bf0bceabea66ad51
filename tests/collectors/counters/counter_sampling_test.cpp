#include "collectors/counters/counter_sampling.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/database/writer.hpp"
#include "tests/collectors/watched.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Counters : public ::testing::Test {
 protected:
  void sample(
      const char* state, std::vector<std::string> metrics, void* (*library)(),
      CounterSampling::FindDevices devices = [] {
        return std::vector<ActiveDevice>{{3, "0000:07:00.0"}};
      }) {
    setenv("FAKE_PM_SAMPLING_STATE", state, 1);
    database::RunWriter writer(path, database::this_process());
    CounterSampling counters({std::move(metrics), 5000}, library, devices);
    const TimeBase time{0, 1000};
    for (int round = 0; round < 3; ++round) counters.drain(writer, time);
    counters.close(writer, time);
    writer.close();
  }
  [[nodiscard]] std::vector<std::string> told() const {
    return testing::query(path, "SELECT state, detail FROM collectors WHERE name = 'counters'");
  }
  [[nodiscard]] std::vector<std::string> samples() const {
    return testing::query(path, "SELECT at, deviceId, metric, CAST(value AS INTEGER) FROM counter_samples");
  }
  static void* made_up() { return dlopen(FAKE_PM_SAMPLING, RTLD_NOW | RTLD_LOCAL); }

  testing::TemporaryFolder folder;
  std::string path = (folder / "run.foldperf").string();
};

TEST_F(Counters, AreRowsAMetricAndSample) {
  sample("ok", {"a.sum", "b.avg"}, made_up);
  // The first sample began before sampling did.
  EXPECT_THAT(samples(), ElementsAre("200|3|a.sum|10", "200|3|b.avg|11", "300|3|a.sum|20", "300|3|b.avg|21"));
  EXPECT_THAT(told(), ElementsAre("on|2 metrics of 1 GPU(s), every 5000 ns"));
  EXPECT_THAT(testing::query(path, "SELECT interval_ns, state, \"end\" > start FROM counter_windows"),
              ElementsAre("5000|done|1"));
}

TEST_F(Counters, ThatAreForAdministratorsAreToldSo) {
  sample("forbidden", {}, made_up);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("NVreg_RestrictProfilingToAdminUsers")));
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(Counters, ThatNeedSeveralPassesAreToldSo) {
  sample("narrow", {"a.sum", "b.avg", "c.max"}, made_up);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("failed|these metrics need 3 passes")));
}

TEST_F(Counters, OfTheDefaultOnesThoseThatFitOnePass) {
  sample("narrow", {}, made_up);
  const std::vector<std::string>& all = default_metrics();
  EXPECT_THAT(told(),
              ElementsAre(AllOf(HasSubstr("on|2 metrics of 1 GPU(s)"), HasSubstr("left out, since one pass has no"),
                                HasSubstr(": " + all[2] + ", " + all[3]))));
  EXPECT_THAT(samples(), ElementsAre("200|3|" + all[0] + "|10", "200|3|" + all[1] + "|11", "300|3|" + all[0] + "|20",
                                     "300|3|" + all[1] + "|21"));
}

TEST_F(Counters, ThatTheGpuLacksAreNamed) {
  sample("ok", {"a.sum", "no.such"}, made_up);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("failed|no.such: ")));
}

TEST_F(Counters, ThatCannotBeReadAnyMoreAreToldSo) {
  sample("failing", {"a.sum"}, made_up);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("failed|samples: ")));
  EXPECT_THAT(testing::query(path, "SELECT state FROM counter_windows"), ElementsAre(HasSubstr("samples: ")));
}

TEST_F(Counters, NeedCuptiAndItsFunctions) {
  sample("ok", {}, []() -> void* { return nullptr; });
  EXPECT_THAT(told(), ElementsAre("failed|no CUPTI in this process"));
  path = (folder / "second.foldperf").string();
  sample("ok", {}, [] { return dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL); });
  EXPECT_THAT(told(), ElementsAre(HasSubstr("this CUPTI has no PM sampling (cupti")));
}

TEST_F(Counters, WaitUntilTheProcessUsesAGpu) {
  sample("ok", {}, made_up, [] { return std::vector<ActiveDevice>{}; });
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace foldperf::collectors

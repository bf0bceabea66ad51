#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "trainer/loop/metrics_log.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder = fs::temp_directory_path() / (std::string("foldperf_files_") + info->name() + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const char* name) const { return (folder / name).string(); }

  template <typename Error, typename Function>
  static std::string message(Function&& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path folder;
};

TEST_F(Files, AFullDiskIsNamedInMetrics) {
  MetricsLog log("/dev/full");
  const std::vector<ChainMetrics> chains{{"", 0, {{"lddt_ca", 0.5}}}};
  EXPECT_THAT(message<SystemError>([&] {
                log.evaluation({1, chains, 0.5});
              }),
              AllOf(HasSubstr("/dev/full"), HasSubstr("No space left on device")));
}

TEST_F(Files, MetricsThatAreNotFiniteBecomeNull) {
  {
    MetricsLog log(path("m.jsonl"));
    const std::vector<ChainMetrics> chains{{"1ubi_A", 76, {{"lddt_ca", std::nan("")}}}};
    log.evaluation({1, chains, 0.5});
    log.run_end({});
  }
  std::ifstream file(path("m.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(line, R"({"kind":"eval","step":1,"chain":"1ubi_A","length":76,"lddt_ca":null})");
}

}  // namespace
}  // namespace foldperf::trainer

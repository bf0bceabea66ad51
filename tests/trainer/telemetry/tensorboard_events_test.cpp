// Event files, read back by a reader in Python that shares nothing with the writer.
#include "trainer/telemetry/tensorboard_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.hpp"
#include "tests/support/process.hpp"
#include "trainer/telemetry/crc32c.hpp"

namespace foldperf::trainer::telemetry {
namespace {

using foldperf::testing::project_dir;
using foldperf::testing::read_file;
using foldperf::testing::run_process;
using foldperf::testing::TemporaryFolder;
using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<json> read_events(const std::string& path) {
  const auto result =
      run_process({"python3", (project_dir() / "tests/trainer/telemetry/read_events.py").string(), path});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  std::vector<json> events;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line));
  return events;
}

TEST(Crc32c, IsTheSpecifications) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);            // the check value of CRC-32C
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(masked_crc32c(""), 0xa282ead8U);
}

TEST(EventFile, HoldsWhatWasWritten) {
  const TemporaryFolder folder;
  EventFile file(folder / "a/tensorboard");
  EXPECT_THAT(std::filesystem::path(file.path()).filename().string(),
              MatchesRegex("events\\.out\\.tfevents\\.[0-9]+\\..+\\.[0-9]+\\.[0-9]+"));
  file.text(0, "config", "    [train]\n    steps = 3\n");
  file.scalars(1, {{"train/loss", 12.5}, {"train/lddt_ca", 0.25}});
  file.scalars(2, {});
  file.scalars(std::int64_t{1} << 40, {{"train/loss", -3}});
  file.close();

  const auto events = read_events(file.path());
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0]["file_version"], "brain.Event:2");
  EXPECT_GT(events[0]["wall_time"].get<double>(), 1.7e9);
  const json text = events[2]["values"][0];
  EXPECT_EQ(text["tag"], "config");
  EXPECT_EQ(text["plugin"], "text");
  EXPECT_EQ(text["dtype"], 7);
  EXPECT_EQ(text["shape"], json::array({1}));
  EXPECT_EQ(text["text"], json::array({"    [train]\n    steps = 3\n"}));
  EXPECT_EQ(events[3]["step"], 1);
  EXPECT_EQ(events[3]["values"], json::parse(R"([{"tag": "train/loss", "simple_value": 12.5},
                                                 {"tag": "train/lddt_ca", "simple_value": 0.25}])"));
  EXPECT_EQ(events[4]["step"], std::int64_t{1} << 40);
}

TEST(EventFile, AnEventIsThereAsSoonAsItIsWritten) {
  const TemporaryFolder folder;
  EventFile file(folder.path());
  file.scalars(7, {{"train/loss", 1}});
  EXPECT_EQ(read_events(file.path()).back()["step"], 7);
}

TEST(EventFile, ARunThatGoesOnTellsFromWhereInAFileOfItsOwn) {
  const TemporaryFolder folder;
  EventFile first(folder.path());
  EventFile second(folder.path(), 41);
  EXPECT_NE(first.path(), second.path());
  const auto events = read_events(second.path());
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1]["step"], 41);
  EXPECT_EQ(events[1]["session"], 1);
}

TEST(EventFile, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  folder.write("taken", "a file");
  try {
    const EventFile file(folder / "taken");
    FAIL() << "no error";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder / "taken"));
  }
}

// LibTorch exports parts of a protobuf of its own: nothing of ours may be found by it, nor the other way round.
TEST(EventEncoder, ShowsNothingOfItsProtobuf) {
  const auto defined = run_process({NM, "--defined-only", "--extern-only", EVENT_ENCODER});
  ASSERT_EQ(defined.exit_code, 0) << defined.errors;
  EXPECT_THAT(defined.output, HasSubstr("encode_scalars"));
  std::istringstream lines(defined.output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" u ") != std::string::npos) {
      EXPECT_THAT(line, HasSubstr(" u foldperf_event_encoder_"));  // cannot be made local: renamed
    } else if (line.find("protobuf") != std::string::npos) {
      ADD_FAILURE() << "can be found from outside: " << line;
    }
  }
  const auto wanted = run_process({NM, "--undefined-only", EVENT_ENCODER});
  EXPECT_THAT(wanted.output, ::testing::Not(HasSubstr("protobuf")));
}

}  // namespace
}  // namespace foldperf::trainer::telemetry

// What exports hold, and that what they hold is in the form that other tools read.
#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/exchange/run_export.hpp"
#include "tests/core/exchange/exchange_run.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/sample_run.hpp"

namespace foldperf::exchange {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Export : public ::testing::Test {
 protected:
  Export() { write_exchange_run(run); }
  json trace(const ExportOptions& options = {}) {
    const std::string path = folder / "trace.json";
    const auto count = export_chrome(run, path, options);
    json read = json::parse(testing::read_file(path));
    EXPECT_EQ(read["traceEvents"].size(), static_cast<std::size_t>(count));
    return read;
  }
  static std::vector<json> events(const json& trace, const std::string& key, const std::string& value) {
    std::vector<json> found;
    for (const json& event : trace["traceEvents"]) {
      if (event.value(key, "") == value) found.push_back(event);
    }
    return found;
  }
  const testing::TemporaryFolder folder;
  const std::string run = folder / "run.db";
};

// What the Trace Event Format asks of each phase.
TEST_F(Export, EveryEventIsOfTheFormat) {
  const json all = trace();
  EXPECT_EQ(all["baseTimeNanoseconds"], 1'700'000'000'000'000'000);
  EXPECT_EQ(all["otherData"]["run"], "a \"run\"");
  std::map<std::string, int> phases;
  std::map<json, int> open;
  for (const json& event : all["traceEvents"]) {
    const std::string phase = event.at("ph");
    ++phases[phase];
    EXPECT_TRUE(event.at("name").is_string() && event.at("pid").is_number_integer() &&
                event.at("tid").is_number_integer() && event.at("ts").is_number())
        << event;
    if (phase == "X") {
      EXPECT_GE(event.at("dur"), 0.0) << event;
    }
    if (phase == "s" || phase == "f") {
      EXPECT_TRUE(event.at("id").is_number()) << event;
    }
    if (phase == "f") {
      EXPECT_EQ(event.at("bp"), "e");
    }
    if (phase == "b") ++open[{event.at("cat"), event.at("id")}];
    if (phase == "e") --open[{event.at("cat"), event.at("id")}];
    if (phase == "C") {
      EXPECT_TRUE(event.at("args").begin()->is_number()) << event;
    }
  }
  for (const auto& [id, count] : open) EXPECT_EQ(count, 0) << id;
  const std::map<std::string, int> expected{{"X", 20}, {"i", 4}, {"s", 4},  {"f", 4},
                                            {"b", 4},  {"e", 4}, {"C", 12}, {"M", 12}};
  EXPECT_EQ(phases, expected);
}

TEST_F(Export, KernelsAreUnderTheirRankWithAnArrowFromTheirCall) {
  const json all = trace();
  const auto kernels = events(all, "cat", "kernel");
  ASSERT_THAT(kernels, SizeIs(4));
  const json& kernel = kernels[2];
  EXPECT_EQ(kernel["pid"], 1);
  EXPECT_EQ(kernel["name"], "gemm<float, 4>");
  EXPECT_DOUBLE_EQ(kernel["ts"], 1001.002);
  EXPECT_DOUBLE_EQ(kernel["dur"], 1.5);
  EXPECT_EQ(kernel["args"]["grid"], json({2, 3, 4}));
  EXPECT_EQ(kernel["args"]["correlation"], 1);
  std::set<std::pair<json, json>> starts, ends;
  for (const json& flow : events(all, "ph", "s")) starts.emplace(flow["id"], flow["pid"]);
  for (const json& flow : events(all, "ph", "f")) ends.emplace(flow["id"], flow["pid"]);
  EXPECT_THAT(starts, SizeIs(4));
  EXPECT_EQ(starts, ends);
  std::vector<std::string> names;
  for (const json& name : events(all, "name", "thread_name")) {
    if (name["pid"] == 1) names.push_back(name["args"]["name"]);
  }
  EXPECT_THAT(names, ElementsAre("steps", "collectives", "loader", "GPU 1 stream 7"));
}

TEST_F(Export, APartOfTheRun) {
  EXPECT_THAT(events(trace({.steps = std::pair<std::int64_t, std::int64_t>{1, 1}}), "cat", "kernel"), SizeIs(2));
  EXPECT_THAT(events(trace({.from_ns = 1'050'000}), "cat", "kernel"), SizeIs(2));
  EXPECT_THAT(events(trace({.to_ns = 500'000}), "ph", "X"), SizeIs(0));
  EXPECT_THAT(testing::message_of<InputError>([&] {
                trace({.steps = std::pair<std::int64_t, std::int64_t>{7, 9}});
              }),
              HasSubstr("run.db: has no steps 7 to 9"));
}

TEST_F(Export, CompressedItIsTheSame) {
  trace();
  export_chrome(run, folder / "trace.json.gz");
  const auto plain = testing::read_file(folder / "trace.json");
  EXPECT_LT(std::filesystem::file_size(folder / "trace.json.gz"), plain.size() / 4);
  gzFile file = gzopen((folder / "trace.json.gz").c_str(), "rb");
  std::string read(plain.size() + 10, '\0');
  read.resize(static_cast<std::size_t>(gzread(file, read.data(), static_cast<unsigned>(read.size()))));
  gzclose(file);
  EXPECT_EQ(read, plain);
}

TEST_F(Export, TablesAndViewsAsCsv) {
  EXPECT_EQ(export_csv(run, folder / "s.csv", "StringIds"), 4);
  EXPECT_EQ(testing::read_file(folder / "s.csv"),
            "id,value\r\n1,\"gemm<float, 4>\"\r\n2,cudaLaunchKernel\r\n3,loader\r\n4,forward\r\n");
  EXPECT_EQ(export_csv(run, folder / "k.csv", "kernels"), 4);
  EXPECT_THAT(testing::read_file(folder / "k.csv"), StartsWith("rank,start,end,ns,name,"));
  EXPECT_THAT(testing::message_of<UsageError>([&] { export_csv(run, folder / "x.csv", "sqlite_schema"); }),
              HasSubstr("--table sqlite_schema: a run has no such table; it has "));
  EXPECT_FALSE(std::filesystem::exists(folder / "x.csv"));
}

// A view of the same name that a stranger put into the file is not run.
TEST_F(Export, OnlyOurViewsAreRead) {
  database::sqlite::Connection(run, database::sqlite::OpenMode::read_write, run)
      .exec("CREATE VIEW kernels AS SELECT 'stranger' AS rank");
  EXPECT_EQ(export_csv(run, folder / "k.csv", "kernels"), 4);
}

TEST_F(Export, OfWhatCollectorsWrite) {
  const std::string sample = folder / "sample.db";
  test::write_sample_run(sample, [] {
    test::SampleRunOptions options;
    options.unfinished = true;
    return options;
  }());
  const auto count = export_chrome(sample, folder / "sample.json");
  EXPECT_GT(count, 1000);
  EXPECT_THAT(json::parse(testing::read_file(folder / "sample.json"))["traceEvents"], SizeIs(count));
}

TEST_F(Export, NoFolderAndNoRun) {
  EXPECT_THAT(testing::message_of<SystemError>([&] { export_chrome(run, folder / "no/t.json"); }),
              HasSubstr("could not write"));
  folder.write("no.db", "text");
  EXPECT_THAT(testing::message_of<InputError>([&] { export_chrome(folder / "no.db", folder / "t.json"); }),
              HasSubstr("no.db: "));
  EXPECT_FALSE(std::filesystem::exists(folder / "t.json"));
}

}  // namespace
}  // namespace foldperf::exchange

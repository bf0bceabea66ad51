#include "core/report/report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/analysis/analysis.hpp"
#include "core/analysis/run_summaries.hpp"
#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"
#include "core/report/escape.hpp"
#include "core/report/html_style.hpp"
#include "tests/core/report/markup_checks.hpp"
#include "tests/core/report/sha256.hpp"
#include "tests/support/sample_run.hpp"

// An overflow ends a test, in builds that look for them.
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() { return "halt_on_error=1:print_stacktrace=1"; }

namespace foldperf::report {
namespace {

namespace fs = std::filesystem;
using database::sqlite::Connection;
using database::sqlite::OpenMode;

class Report : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / ("foldperf_report_" + std::to_string(::getpid()) + "_" + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name = "run.db") const { return (folder_ / name).string(); }

  // What holds for every report of every database.
  void check_all_formats(const std::string& database) {
    const database::RunReader reader(database);
    const std::string text = render(reader, Format::text);
    EXPECT_TRUE(text.ends_with('\n'));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_EQ(clean_text(text.substr(at, end - at)), text.substr(at, end - at));
      at = end + 1;
    }
    const nlohmann::json json = nlohmann::json::parse(render(reader, Format::json));
    for (const char* key : {"foldperf_report", "run", "machine", "record", "steps", "phases", "recycling_passes",
                            "modules", "operators", "kernels", "data", "metrics", "other_ranges"}) {
      EXPECT_TRUE(json.contains(key)) << key;
    }
    const std::string html = render(reader, Format::html);
    EXPECT_TRUE(is_balanced(html));
    EXPECT_EQ(count_of(html, "<script"), 1U) << "only our own script";
    // Nothing is loaded: no address, no source, and links lead within the page only.
    const std::string tags = tags_of(html);
    for (const char* outside : {"http:", "https:", "src=", "onerror=", "url(", "@import", "<link", "<img", "<iframe"}) {
      EXPECT_EQ(tags.find(outside), std::string::npos) << outside;
    }
    EXPECT_EQ(count_of(tags, "href=\""), count_of(tags, "href=\"#"));
    EXPECT_EQ(html.find(">nan"), std::string::npos);
  }

  fs::path folder_;
};

nlohmann::json json_of(const std::string& database) {
  return nlohmann::json::parse(render(database::RunReader(database), Format::json));
}

TEST_F(Report, AGpuThatRanksShareIsOne) {
  test::SampleRunOptions options;
  options.ranks = 2;
  test::write_sample_run(path(), options);
  {
    Connection db(path(), OpenMode::read_write, path());
    db.exec(
        "DELETE FROM TARGET_INFO_GPU;"
        "INSERT INTO TARGET_INFO_GPU(rank,id,name,uuid) VALUES(0,0,'H200','GPU-1'),(1,0,'H200','GPU-1'),"
        "(1,1,'H200','GPU-2'),(0,0,'A100',NULL),(1,0,'A100',NULL)");
  }
  const std::string text = render(database::RunReader(path()), Format::text);
  EXPECT_NE(text.find("2 × H200"), std::string::npos) << text.substr(0, 2000);
  EXPECT_NE(text.find("2 × A100"), std::string::npos);  // which of these are the same is not known
}

TEST_F(Report, FormatsByName) {
  EXPECT_EQ(parse_format("text"), Format::text);
  EXPECT_EQ(parse_format("json"), Format::json);
  EXPECT_EQ(parse_format("html"), Format::html);
  EXPECT_FALSE(parse_format("pdf"));
}

TEST_F(Report, OfATraining) {
  test::write_sample_run(path());
  check_all_formats(path());
  const std::string text = render(database::RunReader(path()), Format::text);
  for (const char* expected :
       {"tiny on sample proteins", "AMD EPYC", "finished, exit code 0", "backward", "data wait", "structure_module.ipa",
        "aten::bmm", "Data wait by sequence length", "lddt_ca", "dropped"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected;
  }
  const std::string html = render(database::RunReader(path()), Format::html);
  for (const char* expected : {"Step time", "Modules by self time", "Operators on the host", "Wait by sequence length",
                               "Wait by alignment depth", "lDDT-Cα", "prefers-color-scheme:dark"}) {
    EXPECT_NE(html.find(expected), std::string::npos) << expected;
  }
  EXPECT_GE(count_of(html, "<svg"), 10U);
}

TEST_F(Report, NumbersAgreeWithEachOther) {
  test::write_sample_run(path());
  const nlohmann::json json = json_of(path());
  EXPECT_EQ(json["steps"]["count"], 40);
  EXPECT_EQ(json["steps"]["all_ranks"]["duration_ns"]["count"], 39);
  std::int64_t phases = 0;
  for (const auto& phase : json["phases"]) phases += phase["in_steps_ns"].get<std::int64_t>();
  EXPECT_EQ(phases, json["steps"]["total_ns"]);
  std::int64_t steps = 0;
  for (const auto& step : json["steps"]["steps"]) {
    std::int64_t in_step = 0;
    for (const auto& [phase, ns] : step["phases_ns"].items()) in_step += ns.get<std::int64_t>();
    EXPECT_EQ(in_step, step["duration_ns"]);
    steps += step["duration_ns"].get<std::int64_t>();
  }
  EXPECT_EQ(steps, json["steps"]["total_ns"]);
  std::int64_t folded = 0;
  std::int64_t apart = 0;
  for (const auto& module : json["modules"]["folded"]) folded += module["forward"]["self_ns"].get<std::int64_t>();
  for (const auto& module : json["modules"]["modules"]) {
    apart += module["forward"]["self_ns"].get<std::int64_t>();
    if (module["path"] == "alphafold") {
      EXPECT_EQ(module["forward"]["count"], 40);
    }
    if (module["path"] == "evoformer.blocks.0") {
      EXPECT_EQ(module["recompute"]["count"], 40);
    }
  }
  EXPECT_EQ(folded, apart);
  EXPECT_EQ(json["data"]["batches"], 40);
  EXPECT_TRUE(json["other_ranges"]["names"].empty());
}

TEST_F(Report, OfSeveralRanksThatWereKilled) {
  test::SampleRunOptions options;
  options.ranks = 2;
  options.steps = 8;
  options.unfinished = true;
  test::write_sample_run(path(), options);
  check_all_formats(path());
  const nlohmann::json json = json_of(path());
  EXPECT_EQ(json["steps"]["incomplete"], 2);
  EXPECT_EQ(json["steps"]["by_rank"].size(), 2U);
  EXPECT_EQ(json["run"]["unclosed_ranges"], 4);
  const std::string text = render(database::RunReader(path()), Format::text);
  EXPECT_NE(text.find("killed; 2 of 2 processes"), std::string::npos);
  EXPECT_NE(text.find("were not finished"), std::string::npos);
}

TEST_F(Report, OfFewSteps) {
  for (const int steps : {0, 1, 2}) {
    test::SampleRunOptions options;
    options.steps = steps;
    test::write_sample_run(path(std::to_string(steps)), options);
    check_all_formats(path(std::to_string(steps)));
    options.unfinished = true;
    test::write_sample_run(path(std::to_string(steps) + "u"), options);
    check_all_formats(path(std::to_string(steps) + "u"));
  }
}

TEST_F(Report, OfAProgramOutsideTheConvention) {
  test::write_plain_run(path());
  check_all_formats(path());
  const std::string text = render(database::RunReader(path()), Format::text);
  EXPECT_NE(text.find("does not follow foldperf's convention"), std::string::npos);
  EXPECT_NE(text.find("iteration #"), std::string::npos);
  EXPECT_NE(text.find("No steps:"), std::string::npos);
  const nlohmann::json json = json_of(path());
  EXPECT_EQ(json["other_ranges"]["names"][0]["name"], "backward");
  EXPECT_EQ(json["other_ranges"]["names"][0]["self_ns"], 20 * 18'000'000);
}

TEST_F(Report, OfAnEmptyRun) {
  test::write_empty_run(path());
  check_all_formats(path());
  const std::string text = render(database::RunReader(path()), Format::text);
  for (const char* sentence : {"No NVTX range was recorded", "No steps:", "No phases", "No module ranges",
                               "No operators", "No batches", "No metrics"}) {
    EXPECT_NE(text.find(sentence), std::string::npos) << sentence;
  }
}

TEST_F(Report, GpuTimeByModuleOfGraphsAndOfLaunches) {
  database::ProcessInfo info = database::this_process();
  {
    database::RunWriter writer(path("process"), info);
    writer.add(records::KernelNameRecord{1, false, "softmax"});
    records::RangeStackRecord stack;
    stack.id = 1, stack.text = "attention";
    writer.add(stack);
    records::GraphNodeRecord node;
    node.node = 5, node.graph = 1, node.stack = 1;
    writer.add(node);
    node.original_node = 5, node.node = 6, node.stack = 0, node.event_class = records::GraphEventClass::cloned;
    writer.add(node);
    records::NvtxRecord range;
    range.start_ns = 0, range.end_ns = 50, range.text = "attention";
    range.global_tid_start = records::global_tid(info.pid, 1);
    writer.add(range);
    records::RuntimeRecord launch;
    launch.start_ns = 10, launch.end_ns = 20, launch.correlation_id = 3;
    launch.global_tid = records::global_tid(info.pid, 1);
    writer.add(launch);
    for (std::uint32_t i = 0; i < 3; ++i) {
      records::KernelRecord kernel;
      kernel.start_ns = 1000 * i, kernel.end_ns = 1000 * i + 200, kernel.name_key = 1, kernel.correlation_id = 3;
      if (i < 2) kernel.graph_node_id = 6 + i;  // the second's node is not known
      writer.add(kernel);
    }
  }
  database::merge_process_files({path("process")}, path(), {});
  {
    const auto kernels = nlohmann::json::parse(render(database::RunReader(path()), Format::json)).at("kernels");
    EXPECT_EQ(kernels.at("names").dump(), R"([{"count":3,"name":"softmax","total_ns":600.0}])");
    EXPECT_EQ(kernels.at("modules").dump(), "[]") << "not known without summaries";
  }
  analysis::summarize_run(path());
  check_all_formats(path());
  const database::RunReader reader(path());
  const auto kernels = nlohmann::json::parse(render(reader, Format::json)).at("kernels");
  EXPECT_EQ(kernels.at("names").dump(), R"([{"count":3,"name":"softmax","total_ns":600.0}])");
  EXPECT_EQ(kernels.at("modules").dump(),
            R"([{"count":2,"name":"attention","total_ns":400.0},{"count":1,"name":"","total_ns":200.0}])");
  EXPECT_NE(render(reader, Format::text).find("GPU time by module"), std::string::npos);
  const std::string html = render(reader, Format::html);
  EXPECT_NE(html.find("id=\"gpu\""), std::string::npos);
  EXPECT_NE(html.find("softmax"), std::string::npos);
}

TEST_F(Report, StepsThatTheMergeFoundAreToldWithTheirSource) {
  test::write_plain_run(path());
  Connection(path(), OpenMode::read_write, path())
      .exec(
          "INSERT INTO step_ranges(rank,step,start,\"end\",source,confidence) VALUES"
          "(0,0,0,1000000,'pattern',0.93),(0,1,1000000,3000000,'pattern',0.93),(0,2,3000000,5000000,'pattern',0.93)");
  check_all_formats(path());
  const database::RunReader reader(path());
  const auto steps = nlohmann::json::parse(render(reader, Format::json)).at("steps");
  EXPECT_EQ(steps.at("source"), "pattern");
  EXPECT_DOUBLE_EQ(steps.at("confidence"), 0.93);
  EXPECT_EQ(steps.at("count"), 3);
  EXPECT_EQ(steps.at("all_ranks").at("duration_ns").at("median"), 2e6);
  for (const Format format : {Format::text, Format::html}) {
    const std::string report = render(reader, format);
    EXPECT_NE(report.find("93"), std::string::npos);
    EXPECT_NE(report.find("The program names no steps"), std::string::npos);
    EXPECT_NE(report.find("does not follow foldperf"), std::string::npos);
  }
  // Steps of the convention go before them.
  test::write_sample_run(path("facts"));
  Connection(path("facts"), OpenMode::read_write, path("facts"))
      .exec("INSERT INTO step_ranges(rank,step,start,\"end\",source) VALUES(0,0,0,1000000,'pattern')");
  const auto told = nlohmann::json::parse(render(database::RunReader(path("facts")), Format::json)).at("steps");
  EXPECT_EQ(told.at("source"), "fact");
  EXPECT_EQ(told.at("count"), 40);
}

TEST_F(Report, WhatFailedAndHowClocksAgreeIsTold) {
  test::SampleRunOptions options;
  options.ranks = 3;
  options.steps = 2;
  test::write_sample_run(path(), options);
  Connection(path(), OpenMode::read_write, path())
      .exec(
          "INSERT INTO collectors VALUES(0,'cupti','failed','error 39'),(1,'cupti','failed','error 39'),"
          "(2,'clock','stepped','the system''s clock was set 1 time');"
          "INSERT INTO dropped_records VALUES(2,'CUPTI_ACTIVITY_KIND_KERNEL','queue full',77);"
          "UPDATE ranks SET clock_residual_ns=4200 WHERE rank=1; UPDATE ranks SET clock_residual_ns=0 WHERE rank=0");
  check_all_formats(path());
  const database::RunReader reader(path());
  for (const Format format : {Format::text, Format::html}) {
    const std::string report = render(reader, format, {.width = 1000});
    EXPECT_NE(report.find("The collector cupti failed in 2 processes (error 39)"), std::string::npos);
    EXPECT_NE(report.find("queue full"), std::string::npos);
    EXPECT_NE(report.find("rank 2: the system"), std::string::npos);
    EXPECT_NE(report.find("agree within 4.2"), std::string::npos);
    EXPECT_NE(report.find("(least well: rank 1)"), std::string::npos);
  }
  const auto json = nlohmann::json::parse(render(reader, Format::json));
  EXPECT_EQ(json.at("machine").at("ranks").at(1).at("clock_residual_ns"), 4200);
  EXPECT_TRUE(json.at("machine").at("ranks").at(2).at("clock_residual_ns").is_null());
  EXPECT_EQ(json.at("record").at("dropped_total"), 77);
}

TEST_F(Report, HostileNamesStayText) {
  test::SampleRunOptions options;
  options.steps = 3;
  const std::string evil = "</title></svg><script>alert(document.cookie)</script><img src=x onerror=alert(1)>\"'&amp;";
  options.name = evil;
  options.command = "train \x1b]0;owned\x07 \x1b[2J\n<b>" + evil;
  options.extra_modules = {
      evil, "evil.\x1b[31m.0.\xff\xfe", std::string("nul\0byte", 8), std::string(20000, 'm'), "", "..", "x\r\ny"};
  test::write_sample_run(path(), options);
  check_all_formats(path());
  const std::string html = render(database::RunReader(path()), Format::html);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;alert"), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(render(database::RunReader(path()), Format::text).find('\x1b'), std::string::npos);
}

TEST_F(Report, NumbersOfAStrangerDoNotOverflow) {
  const std::string least = "(-9223372036854775807 - 1)";
  const std::string most = "9223372036854775807";
  int run = 0;
  for (const auto& [start, end] : {std::pair{least, most}, {most, least}, {most, most}, {least, least}}) {
    test::SampleRunOptions options;
    options.ranks = 2;
    options.steps = 12;
    options.unfinished = run % 2 == 1;
    const std::string database = path(std::to_string(run++));
    test::write_sample_run(database, options);
    {
      database::sqlite::Connection db(database, database::sqlite::OpenMode::read_write, database);
      db.exec("UPDATE NVTX_EVENTS SET start=" + start + ", \"end\"=" + end + " WHERE rowid % 2");
      db.exec("UPDATE NVTX_EVENTS SET int64Value=" + most + " WHERE int64Value % 3 = 1");
      db.exec("UPDATE NVTX_EVENTS SET globalTid=globalTid + rowid % 16");  // many threads: more than one clock's time
      db.exec("UPDATE runs SET start_utc_ns=" + start + ", end_utc_ns=" + end);
      db.exec("UPDATE ranks SET start_utc_ns=" + start + ", end_utc_ns=" + end + ", offset_ns=" + start);
      db.exec("UPDATE steps SET at=" + end + ", samples=" + most + ", step=" + most + " WHERE rowid % 2");
      db.exec("UPDATE metrics SET at=" + end + ", step=" + start + " WHERE rowid % 2");
      db.exec("UPDATE batches SET at=" + end + ", length=" + most + ", queue_wait_ns=" + most +
              ", preparation_ns=" + least);
      db.exec("INSERT INTO dropped_records VALUES(0,'k','r'," + most + "),(0,'k','r'," + most + "),(1,'k','r',5)");
      db.exec("UPDATE ranks SET clock_residual_ns=" + most);
      db.exec("INSERT INTO summary_kernels VALUES(0,0,1,1," + most + "," + most + ",0,1),(0,0,1,1," + most + "," +
              least + ",0,1),(0,0,2,2,0,0,0,0)");
      db.exec("INSERT INTO range_stacks(rank,id,parent,textId) VALUES(0,1,2,1),(0,2,1,1)");
    }
    check_all_formats(database);
    const std::string plain = path("plain" + std::to_string(run));
    test::write_plain_run(plain);
    Connection(plain, OpenMode::read_write, plain)
        .exec("INSERT INTO step_ranges VALUES(0," + start + "," + start + "," + end + ",'pattern'," + most + "),(0,1," +
              end + "," + start + ",'x',0),(99999999999," + most + ",0," + most + ",'nvtx',NULL)");
    check_all_formats(plain);
    const nlohmann::json json = json_of(database);
    EXPECT_GE(json["steps"]["total_ns"].get<std::int64_t>(), 0);
    EXPECT_EQ(json["record"]["dropped_total"].get<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
    for (const auto& name : json["modules"]["modules"]) {
      EXPECT_GE(name["forward"]["total_ns"].get<std::int64_t>(), name["forward"]["self_ns"].get<std::int64_t>());
    }
  }
}

TEST_F(Report, SaysWhatItCutsAndPools) {
  test::SampleRunOptions options;
  options.steps = 3;
  std::string deep = "a";
  for (int i = 0; i < 3000; ++i) deep += ".a";
  options.extra_modules = {deep};
  test::write_sample_run(path(), options);
  {
    // A program that numbers its phases.
    database::sqlite::Connection db(path(), database::sqlite::OpenMode::read_write, path());
    db.exec(
        "UPDATE NVTX_EVENTS SET text='forward ' || rowid, textId=NULL "
        "WHERE textId IN (SELECT id FROM StringIds WHERE value LIKE 'aten::%')");
    db.exec("UPDATE NVTX_EVENTS SET category=3 WHERE text LIKE 'forward %'");
  }
  check_all_formats(path());
  const std::string html = render(database::RunReader(path()), Format::html);
  EXPECT_NE(html.find("The picture is cut"), std::string::npos);
  EXPECT_NE(html.find("names outside the convention"), std::string::npos);
  EXPECT_NE(render(database::RunReader(path()), Format::text).find("\"other phases\" are"), std::string::npos);
}

TEST_F(Report, TextKeepsItsWidthAndItsRows) {
  test::write_sample_run(path());
  Options options;
  options.width = 80;
  options.top = 3;
  const std::string text = render(database::RunReader(path()), Format::text, options);
  EXPECT_NE(text.find("more modules"), std::string::npos);
  const std::size_t from = text.find("Time by operator");
  EXPECT_EQ(count_of(text.substr(from, text.find("more operators", from) - from), "\n  a"), 3U);
  const std::string wide = render(database::RunReader(path()), Format::text);
  for (std::size_t at = 0; at < wide.size();) {
    const std::size_t end = wide.find('\n', at);
    EXPECT_LE(display_width(wide.substr(at, end - at)), 100U) << wide.substr(at, end - at);
    at = end + 1;
  }
}

TEST_F(Report, ScriptHashOfThePagesPolicyIsRight) {
  EXPECT_EQ(base64(sha256("abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(script_hash(), "sha256-" + base64(sha256(script())));
}

TEST_F(Report, SameDatabaseGivesTheSameReport) {
  test::write_sample_run(path());
  for (const Format format : {Format::text, Format::json, Format::html}) {
    EXPECT_EQ(render(database::RunReader(path()), format), render(database::RunReader(path()), format));
  }
}

}  // namespace
}  // namespace foldperf::report

// foldperf import and export of whole files, as a person calls them: what comes out, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/database/reader.hpp"
#include "tests/core/exchange/nsight_export.hpp"
#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Exchange : public ::testing::Test {
 protected:
  // In the folder, so that files go by their plain names.
  ProcessResult foldperf(std::vector<std::string> words) {
    words.insert(words.begin(), program("foldperf"));
    ProcessOptions options;
    options.working_directory = folder.path();
    return run_process(words, options);
  }
  // One line that names the file, and nothing that was not there before.
  void expect_refusal(const std::vector<std::string>& words, int exit_code, const std::string& name,
                      const std::string& what_to_do) {
    const auto before = left();
    const ProcessResult result = foldperf(words);
    EXPECT_EQ(result.exit_code, exit_code) << result.errors;
    EXPECT_THAT(result.errors, AllOf(StartsWith("foldperf: "), HasSubstr(name), HasSubstr(what_to_do)));
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    EXPECT_EQ(left(), before);
  }
  std::map<std::string, std::string> left() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      files[entry.path().filename().string()] = read_file(entry.path());
    }
    return files;
  }
  std::string gzip(const std::string& name, const std::string& text) const {
    gzFile file = gzopen((folder / name).c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    return name;
  }
  static std::string trace_of_rank(int rank) {
    std::string text = read_file(project_dir() / "tests/data/exchange/gpu_rank1.json");
    return text.replace(text.find("\"rank\": 1"), 9, "\"rank\": " + std::to_string(rank));
  }
  void import_two_ranks(const std::string& output) {
    folder.write("rank0.json", trace_of_rank(0));
    gzip("rank1.json.gz", trace_of_rank(1));
    const auto result = foldperf({"import", "rank0.json", "rank1.json.gz", "-o", output});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_THAT(result.errors, AllOf(HasSubstr("imported 14 events of 2 ranks into " + output),
                                     HasSubstr("4 events are of kinds that a run has no place for")));
  }
  std::int64_t kernels(const std::string& run) const {
    return database::RunReader((folder / run).string()).count("CUPTI_ACTIVITY_KIND_KERNEL");
  }

  TemporaryFolder folder;
};

TEST_F(Exchange, TracesOfPyTorchBecomeARunThatIsReportedAndExported) {
  import_two_ranks("run.db");
  const auto report = foldperf({"report", "run.db"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_THAT(report.output, HasSubstr("sm90_gemm"));

  const auto exported = foldperf({"export", "run.db", "-o", "out.json", "--steps", "10:11"});
  ASSERT_EQ(exported.exit_code, 0) << exported.errors;
  const auto trace = nlohmann::json::parse(read_file(folder / "out.json"));
  EXPECT_THAT(exported.errors, HasSubstr("wrote " + std::to_string(trace["traceEvents"].size()) + " events"));
  ASSERT_EQ(foldperf({"export", "run.db", "-o", "out.json.gz"}).exit_code, 0);
  EXPECT_THAT(read_file(folder / "out.json.gz"), StartsWith("\x1f\x8b"));

  const auto table = foldperf({"export", "run.db", "-o", "k.csv", "--table", "kernels"});
  ASSERT_EQ(table.exit_code, 0) << table.errors;
  EXPECT_THAT(table.errors, HasSubstr("wrote 2 rows of kernels to k.csv"));
  EXPECT_THAT(read_file(folder / "k.csv"), AllOf(StartsWith("rank,start,end,"), HasSubstr("sm90_gemm<float>")));

  // And back.
  const auto back = foldperf({"import", "out.json.gz", "-o", "back.db"});
  ASSERT_EQ(back.exit_code, 0) << back.errors;
  EXPECT_THAT(back.errors, HasSubstr("of 2 ranks"));
  EXPECT_EQ(kernels("back.db"), 2);
  ASSERT_EQ(foldperf({"export", "back.db", "-o", "k2.csv", "--table", "kernels"}).exit_code, 0);
  const std::string first = read_file(folder / "k.csv"), again = read_file(folder / "k2.csv");
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), std::count(again.begin(), again.end(), '\n'));
}

TEST_F(Exchange, AnExportOfNsightSystemsBecomesARunThatIsReportedAndExported) {
  exchange::write_nsight_export(folder / "report.sqlite");
  const auto result = foldperf({"import", "report.sqlite", "-o", "run.db"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("imported 8 events of 2 ranks into run.db"));
  const auto report = foldperf({"report", "run.db"});
  EXPECT_THAT(report.output, AllOf(HasSubstr("gemm"), HasSubstr("NVIDIA H100")));
  ASSERT_EQ(foldperf({"export", "run.db", "-o", "out.json"}).exit_code, 0);
  EXPECT_THAT(read_file(folder / "out.json"), AllOf(HasSubstr("gemm"), HasSubstr("loader")));
  ASSERT_EQ(foldperf({"export", "run.db", "-o", "g.csv.gz", "--table", "TARGET_INFO_GPU"}).exit_code, 0);
}

TEST_F(Exchange, ImportRefusesWhatItCannotRead) {
  const auto refused = [this](const std::string& name, int code, const std::string& what_to_do) {
    expect_refusal({"import", name, "-o", "run.db"}, code, name + ": ", what_to_do);
  };
  refused("none.json", 3, "No such file");
  const std::string whole = read_file(folder / gzip("whole.json.gz", trace_of_rank(0)));
  folder.write("cut.json.gz", whole.substr(0, whole.size() / 2));
  refused("cut.json.gz", 3, "unexpected end of file; is it damaged or cut off? copy or export it again");
  std::string bytes = whole;
  for (std::size_t i = bytes.size() / 3; i < bytes.size() / 2; ++i) bytes[i] = '\xff';
  folder.write("damaged.json.gz", bytes);
  refused("damaged.json.gz", 3, "copy or export it again");
  folder.write("half.json", trace_of_rank(0).substr(0, 500));
  refused("half.json", 3, "is it damaged or cut off?");
  folder.write("text.json", "hello");
  refused("text.json", 3, "give a trace of PyTorch's profiler");
  database::sqlite::Connection(folder / "other.sqlite", database::sqlite::OpenMode::create, "other")
      .exec("CREATE TABLE a(b)");
  refused("other.sqlite", 3, "make one with nsys export --type sqlite");
  std::string newer = read_file(folder / "other.sqlite");
  newer[47] = 9;
  folder.write("newer.sqlite", newer);
  refused("newer.sqlite", 3, "upgrade foldperf");
  folder.write("good.json", trace_of_rank(0));
  expect_refusal({"import", "good.json", "half.json", "-o", "run.db"}, 3, "half.json: ", "cut off");
  expect_refusal({"import", "good.json", "other.sqlite", "-o", "run.db"}, 2, "other.sqlite", "alone");
}

TEST_F(Exchange, ImportLosesNothingThatIsThere) {
  folder.write("good.json", trace_of_rank(0));
  folder.write("text.json", "hello");
  folder.write("run.db", "precious");
  expect_refusal({"import", "good.json", "-o", "run.db"}, 2, "run.db exists", "--overwrite");
  expect_refusal({"import", "text.json", "-o", "run.db", "--force"}, 3, "text.json", "give a trace");
  expect_refusal({"import", "good.json", "-o", "good.json", "--force"}, 2, "good.json", "give another name");
  expect_refusal({"import", "good.json", "-o", "no/run.db"}, 4, "/no ", "make it first");
  EXPECT_EQ(foldperf({"import", "good.json", "-o", "run.db", "--force"}).exit_code, 0);
  EXPECT_EQ(kernels("run.db"), 1);
}

TEST_F(Exchange, ExportRefusesAndLosesNothing) {
  import_two_ranks("run.db");
  folder.write("out.json", "precious");
  folder.write("out.csv", "precious");
  expect_refusal({"export", "run.db", "-o", "out.json"}, 2, "out.json exists", "--force");
  expect_refusal({"export", "run.db", "-o", "out.csv", "--table", "kernels"}, 2, "out.csv exists", "--force");
  expect_refusal({"export", "run.db", "-o", "out.csv", "--table", "kernel", "--force"}, 2, "--table kernel", "it has ");
  expect_refusal({"export", "run.db", "-o", "new.csv"}, 2, "CSV", "--table kernels");
  expect_refusal({"export", "run.db", "-o", "new.json", "--table", "kernels"}, 2, "--table", ".csv");
  for (const std::string steps : {"12", "12:", "a:b", "12:11", "10:12x"}) {
    expect_refusal({"export", "run.db", "-o", "new.json", "--steps", steps}, 2, "--steps " + steps, "such as 10:12");
  }
  expect_refusal({"export", "run.db", "-o", "out.json", "--steps", "20:21", "--force"}, 3, "run.db: has no steps",
                 "step_ranges");
  expect_refusal({"export", "run.db", "-o", "no/out.json"}, 4, "no/out.json", "is its folder there");
  expect_refusal({"export", "run.db", "-o", "no/out.csv", "--table", "kernels"}, 4, "no/out.csv", "is its folder");
  expect_refusal({"export", "run.db", "-o", "run.txt"}, 2, "run.txt", ".json");
  expect_refusal({"export", "run.db", "-o", "run.db", "--force"}, 2, "run.db", "give another name");
  expect_refusal({"export", "none.db", "-o", "new.json"}, 3, "none.db: ", "no such file");
  expect_refusal({"export", "out.json", "-o", "new.json"}, 3, "out.json: ", "is not a run database");
  EXPECT_EQ(foldperf({"export", "run.db", "-o", "out.json", "--force"}).exit_code, 0);
  EXPECT_THAT(read_file(folder / "out.json"), StartsWith("{"));
}

}  // namespace
}  // namespace foldperf::testing

// The release's tarball, unpacked elsewhere, as a person gets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A release, made and unpacked once.
class Package : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    elsewhere = new TemporaryFolder;
    const fs::path build = fs::path(program("foldperf")).parent_path().parent_path();
    ProcessOptions options;
    options.environment["PATH"] = fs::path(FOLDPERF_CMAKE).parent_path().string() + ":" + std::getenv("PATH");
    made = run_process(
        {(project_dir() / "scripts/package.sh").string(), (*elsewhere / "dist").string(), build.string()}, options);
    if (made.exit_code != 0) return;
    const fs::path tarball = fs::directory_iterator(*elsewhere / "dist")->path();
    const auto unpacked = run_process({"tar", "-C", elsewhere->path().string(), "-xzf", tarball.string()});
    ASSERT_EQ(unpacked.exit_code, 0) << unpacked.errors;
    std::string name = tarball.filename().string();
    name.resize(name.size() - std::string(".tar.gz").size());
    fs::rename(*elsewhere / name, *elsewhere / "some where");  // any name, blanks too
  }
  static void TearDownTestSuite() { delete elsewhere; }

  void SetUp() override { ASSERT_EQ(made.exit_code, 0) << made.errors; }

  // With nothing of this machine's settings but `settings` ("NAME=value").
  static ProcessResult run_with(const std::vector<std::string>& settings, std::vector<std::string> words) {
    words.front() = *elsewhere / "some where/bin" / words.front();
    std::vector<std::string> command = {"env", "-i", "PATH=/usr/bin:/bin", "OMP_NUM_THREADS=1"};
    command.insert(command.end(), settings.begin(), settings.end());
    command.insert(command.end(), words.begin(), words.end());
    return run_process(command);
  }
  // `torch`: FOLDPERF_TORCH_DIR.
  static ProcessResult run(const std::vector<std::string>& words, const std::string& torch = "") {
    return run_with(
        torch.empty() ? std::vector<std::string>{} : std::vector<std::string>{"FOLDPERF_TORCH_DIR=" + torch}, words);
  }
  static json finding(const ProcessResult& doctor, const std::string& name) {
    const json report = json::parse(doctor.output);
    for (const auto& entry : report["findings"]) {
      if (entry["name"] == name) return entry;
    }
    return {};
  }

  static inline TemporaryFolder* elsewhere = nullptr;
  static inline ProcessResult made;
};

TEST_F(Package, StartsWhereItWasUnpacked) {
  const auto version = run({"foldperf", "--version"});
  EXPECT_EQ(version.exit_code, 0) << version.errors;
  EXPECT_THAT(version.output, HasSubstr("foldperf "));
  const auto trainer = run({"foldperf-train", "--version"}, TORCH_DIR);
  EXPECT_EQ(trainer.exit_code, 0) << trainer.errors;
  EXPECT_THAT(trainer.output, HasSubstr("foldperf-train "));
}

TEST_F(Package, NoPathOfTheBuildMachineIsInTheProgram) {
  for (const char* name : {"foldperf", "foldperf-train"}) {
    const auto header = run_process({"readelf", "-d", (*elsewhere / "some where/libexec" / name).string()});
    EXPECT_THAT(header.output, AllOf(HasSubstr("NEEDED"), Not(HasSubstr("PATH")))) << name;
  }
}

TEST_F(Package, TheDoctorIsContentWithATorchThatFits) {
  const auto doctor = run({"foldperf", "doctor", "--format", "json"}, TORCH_DIR);
  EXPECT_EQ(doctor.exit_code, 0) << doctor.output;
  EXPECT_EQ(finding(doctor, "Torch")["facts"]["package"], TORCH_DIR);
  EXPECT_EQ(finding(doctor, "Trainer")["facts"]["LibTorch"], std::string(TORCH_DIR) + "/lib/libtorch_cpu.so");
}

TEST_F(Package, RefusesWithoutTorch) {
  // An interpreter that has none, whatever this machine's own has.
  const fs::path none = *elsewhere / "no torch here";
  const auto doctor = run({"foldperf", "doctor", "--format", "json"}, none.string());
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_EQ(finding(doctor, "Torch")["state"], "missing");
  EXPECT_THAT(finding(doctor, "Torch")["advice"].get<std::string>(), HasSubstr("pip install torch=="));
  EXPECT_EQ(finding(doctor, "Trainer")["state"], "broken");
  const auto trainer = run({"foldperf-train", "--version"}, none.string());
  EXPECT_EQ(trainer.exit_code, 4);
  EXPECT_THAT(trainer.errors, AllOf(HasSubstr(none.string()), HasSubstr("pip install torch==")));
  EXPECT_EQ(trainer.output, "");
}

TEST_F(Package, NamesATorchThatDoesNotFit) {
  const fs::path torch = *elsewhere / "old/torch";
  fs::create_directories(torch / "lib");
  write_file(torch / "lib/libtorch_cpu.so", "");
  write_file(torch / "version.py", "__version__ = '2.9.1+cu128'\ncuda: Optional[str] = '12.8'\n");
  const auto old = run({"foldperf-train", "--version"}, torch.string());
  EXPECT_EQ(old.exit_code, 4);
  EXPECT_THAT(old.errors, AllOf(HasSubstr("2.9.1+cu128"), HasSubstr("needs torch " TORCH_RELEASE)));

  write_file(torch / "version.py", "__version__ = '" TORCH_RELEASE ".0+cpu'\ncuda: Optional[str] = None\n");
  EXPECT_THAT(run({"foldperf-train", "--version"}, torch.string()).errors, HasSubstr("for the CPU only"));
}

// The right version by its name, with other libraries in it.
TEST_F(Package, NamesATorchOfAnotherBuild) {
  const fs::path torch = *elsewhere / "strange/torch";
  fs::create_directories(torch / "lib");
  fs::copy_file(fs::path(TORCH_DIR) / "version.py", torch / "version.py");
  for (const char* name : {"libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libc10.so", "libc10_cuda.so"}) {
    fs::copy_file(*elsewhere / "some where/lib/libfoldperf_collector.so", torch / "lib" / name);
  }
  // CUDA's libraries are beside it, as pip puts them: a machine may have no other.
  fs::create_directory_symlink(fs::path(TORCH_DIR).parent_path() / "nvidia", torch.parent_path() / "nvidia");
  const auto doctor = run({"foldperf", "doctor", "--format", "json"}, torch.string());
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_EQ(finding(doctor, "Trainer")["state"], "broken");
  EXPECT_THAT(finding(doctor, "Trainer")["found"].get<std::string>(), HasSubstr("undefined symbol"));
}

// Environments of Python with a torch each, of which only some fit.
class PackageAmongEnvironments : public Package {
 protected:
  PackageAmongEnvironments() {
    // The folders beside torch are found from where it really is.
    make_environment("fits",
                     [](const fs::path& packages) { fs::create_directory_symlink(TORCH_DIR, packages / "torch"); });
    make_environment("old", [](const fs::path& packages) {
      fs::create_directories(packages / "torch/lib");
      write_file(packages / "torch/version.py", "__version__ = '2.9.1+cu128'\ncuda: Optional[str] = '12.8'\n");
    });
    make_environment("empty", [](const fs::path&) {});
    // The python3 of no environment: one that knows where torch lies, and one that has none.
    const fs::path packages = fs::path(TORCH_DIR).parent_path();
    for (const auto& [name, path] :
         {std::pair{"finds", packages.string()}, std::pair{"finds nothing", std::string()}}) {
      const fs::path python = folder_ / name / "python3";
      fs::create_directories(python.parent_path());
      write_file(python, "#!/bin/sh\nPYTHONPATH='" + path + "' exec /usr/bin/python3 -S \"$@\"\n");
      fs::permissions(python, fs::perms::owner_all);
    }
  }
  // Which torch the launcher takes, and by what it was found; what it says where it takes none.
  [[nodiscard]] std::string taken(const std::string& python, std::vector<std::string> settings) const {
    settings.push_back("PATH=" + (folder_ / python).string() + ":/usr/bin:/bin");
    const auto started = run_with(settings, {"foldperf-train", "--version"});
    if (started.exit_code != 0) return started.errors;
    EXPECT_THAT(started.output, HasSubstr("foldperf-train "));
    const json torch = finding(run_with(settings, {"foldperf", "doctor", "--format", "json"}), "Torch");
    EXPECT_EQ(torch["facts"]["package"], fs::canonical(TORCH_DIR).string());
    return torch["facts"]["found by"];
  }
  [[nodiscard]] std::string environment(const std::string& name) const { return (folder_ / name).string(); }

 private:
  template <typename Fill>
  void make_environment(const std::string& name, Fill&& fill) const {
    const fs::path packages = folder_ / (name + "/lib/python3.11/site-packages");
    fs::create_directories(packages);
    fill(packages);
  }
  TemporaryFolder folder_;
};

TEST_F(PackageAmongEnvironments, TakesTheFirstThatFits) {
  const std::string venv = "VIRTUAL_ENV=", conda = "CONDA_PREFIX=";
  EXPECT_EQ(taken("finds nothing", {venv + environment("fits")}), "the active environment");
  EXPECT_EQ(taken("finds", {venv + environment("fits"), conda + environment("fits")}), "the active environment");
  EXPECT_EQ(taken("finds nothing", {conda + environment("fits")}), "the active conda environment");
  EXPECT_EQ(taken("finds", {venv + environment("old"), conda + environment("fits")}), "the active conda environment");
  EXPECT_EQ(taken("finds", {venv + environment("empty"), conda + environment("old")}), "python3");
  EXPECT_EQ(taken("finds", {}), "python3");
}

TEST_F(PackageAmongEnvironments, NamesThoseThatItPassedOver) {
  EXPECT_THAT(taken("finds nothing", {"VIRTUAL_ENV=" + environment("old"), "CONDA_PREFIX=" + environment("empty")}),
              AllOf(HasSubstr(environment("old")), HasSubstr("(the active environment) is torch 2.9.1+cu128"),
                    HasSubstr("needs torch " TORCH_RELEASE)));
  EXPECT_THAT(taken("finds nothing", {}),
              HasSubstr("no torch in the active Python environment, nor in that of python3"));
}

// What the release needs of the machine, told to be more than any has.
class PackageOfTheFuture : public Package {
 protected:
  PackageOfTheFuture() : needs_(*elsewhere / "some where/share/foldperf/needs.txt") {
    if (made.exit_code == 0) before_ = read_file(needs_);
  }
  ~PackageOfTheFuture() override { write_file(needs_, before_); }
  void need(const std::string& what, const std::string& version) const {
    std::string text = before_;
    const auto at = text.find(what + " ");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, text.find('\n', at) - at, what + " " + version);
    write_file(needs_, text);
  }

 private:
  fs::path needs_;
  std::string before_;
};

TEST_F(PackageOfTheFuture, RefusesAnOldCLibrary) {
  need("GLIBC", "9.99");
  for (const char* name : {"foldperf", "foldperf-train"}) {
    const auto result = run({name, "--version"}, TORCH_DIR);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.errors, AllOf(HasSubstr("the C library of this machine is glibc"), HasSubstr("needs 9.99")));
  }
}

TEST_F(PackageOfTheFuture, BringsItsCxxLibraryWhereTheMachinesIsOld) {
  const std::string own = *elsewhere / "some where/lib/gcc";
  EXPECT_THAT(run({"foldperf", "doctor", "--torch-libraries"}, TORCH_DIR).output, Not(HasSubstr(own)));
  need("GLIBCXX", "9.9.99");
  EXPECT_THAT(run({"foldperf", "doctor", "--torch-libraries"}, TORCH_DIR).output, StartsWith(own + ":"));
  EXPECT_EQ(run({"foldperf-train", "--version"}, TORCH_DIR).exit_code, 0);
}

TEST_F(Package, TrainsUnderTheProfiler) {
  const std::string samples = *elsewhere / "some where/samples";
  const std::string database = *elsewhere / "run.db";
  const auto run_of_two_steps =
      run({"foldperf", "profile", "-o", database, "--", (*elsewhere / "some where/bin/foldperf-train").string(),
           "--preset", "tiny", "--data", samples, "--output", (*elsewhere / "out").string(), "--steps", "2", "--set",
           "train.evaluate_at_end=false", "--set", "train.device=cpu"},
          TORCH_DIR);
  ASSERT_EQ(run_of_two_steps.exit_code, 0) << run_of_two_steps.errors;
  const auto report = run({"foldperf", "report", database, "--format", "json"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_THAT(report.output, HasSubstr("evoformer"));
  // The same by way of foldperf itself.
  EXPECT_THAT(run({"foldperf", "train", "--list-presets"}, TORCH_DIR).output, HasSubstr("tiny"));
}

}  // namespace
}  // namespace foldperf::testing

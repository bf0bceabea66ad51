// What is run before there is a foldperf: scripts/ and the search for a CUDA compiler in cmake/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// A shell script that can be run.
void write_program(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  write_file(path, "#!/bin/sh\n" + text + "\n");
  fs::permissions(path, fs::perms::owner_all);
}

class Bundle : public ::testing::Test {
 protected:
  Bundle() { write_program(folder / "build/bin/foldperf-train", "true"); }
  [[nodiscard]] ProcessResult bundle(const std::string& name) const {
    return run_process(
        {(project_dir() / "scripts/bundle.sh").string(), (folder / name).string(), (folder / "build").string()});
  }
  TemporaryFolder folder;
};

TEST_F(Bundle, NeverReplacesAFolderOfOtherThings) {
  folder.write("home/precious.txt", "precious");
  folder.write("home/bin/tool", "mine");
  const auto result = bundle("home");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("something else than a bundle"));
  EXPECT_EQ(read_file(folder / "home/precious.txt"), "precious");
  EXPECT_EQ(read_file(folder / "home/bin/tool"), "mine");
  // One that has an env.sh, but not ours.
  folder.write("home/env.sh", "export MINE=1\n");
  EXPECT_NE(bundle("home").exit_code, 0);
  EXPECT_EQ(read_file(folder / "home/bin/tool"), "mine");
}

TEST_F(Bundle, ReplacesAnEarlierBundle) {
  fs::create_directory(folder / "there");
  ASSERT_EQ(bundle("there").exit_code, 0);
  folder.write("there/bin/old", "of the last build");
  folder.write("there/results.txt", "measured there");
  const auto again = bundle("there");
  EXPECT_EQ(again.exit_code, 0) << again.errors;
  EXPECT_TRUE(fs::exists(folder / "there/bin/foldperf-train"));
  EXPECT_FALSE(fs::exists(folder / "there/bin/old"));
  EXPECT_EQ(read_file(folder / "there/results.txt"), "measured there");
}

TEST_F(Bundle, KeepsTheLoadersPathOfTheShell) {
  write_program(folder / "build/bin/foldperf", "[ -z \"$NO_TORCH\" ] && echo /torch/lib");
  ASSERT_EQ(bundle("there").exit_code, 0);
  const std::string script =
      "LD_LIBRARY_PATH=/mine; . " + (folder / "there/env.sh").string() + "; echo \"$? $LD_LIBRARY_PATH\"";
  EXPECT_EQ(run_process({"bash", "-c", script}).output, "0 /torch/lib:/mine\n");
  EXPECT_EQ(run_process({"bash", "-c", "export NO_TORCH=1; " + script}).output, "1 /mine\n");
}

// The compiler that configuring would take, with `nvcc` of this release on PATH and one of CUDA 13 in the environment.
std::string found_nvcc(const TemporaryFolder& folder, const std::string& release, const std::string& cudacxx) {
  write_program(folder / "path/nvcc", "echo release " + release + ",");
  write_program(folder / "venv/lib/python3.11/site-packages/nvidia/cu13/bin/nvcc", "echo release 13.0,");
  folder.write("find.cmake", "include(" + (project_dir() / "cmake/FindNvcc.cmake").string() + ")\nset(FOLDPERF_VENV " +
                                 (folder / "venv").string() +
                                 ")\nfoldperf_find_nvcc(found)\nmessage(\"found ${found}\")\n");
  ProcessOptions options;
  options.environment = {{"PATH", (folder / "path").string() + ":/usr/bin:/bin"}, {"CUDACXX", cudacxx}};
  const auto result = run_process({FOLDPERF_CMAKE, "-P", (folder / "find.cmake").string()}, options);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return result.errors;
}

TEST(FindNvcc, PassesOverAnotherCuda) {
  const TemporaryFolder folder;
  EXPECT_THAT(found_nvcc(folder, "13.1", ""), HasSubstr("found " + (folder / "path/nvcc").string()));
  EXPECT_THAT(
      found_nvcc(folder, "11.8", ""),
      AnyOf(HasSubstr("found /usr/local/cuda/bin/nvcc"),
            HasSubstr("found " + (folder / "venv/lib/python3.11/site-packages/nvidia/cu13/bin/nvcc").string())));
}

TEST(FindNvcc, TakesWhatCudacxxNames) {
  const TemporaryFolder folder;
  write_program(folder / "mine/nvcc-13", "echo release 13.0,");
  EXPECT_THAT(found_nvcc(folder, "13.1", (folder / "mine/nvcc-13").string()),
              HasSubstr("found " + (folder / "mine/nvcc-13").string()));
  EXPECT_THAT(found_nvcc(folder, "13.1", "/no/such/nvcc"), HasSubstr("found " + (folder / "path/nvcc").string()));
}

// Not a number is above no limit: what is none must be told apart from what agrees.
TEST(CompareWithOpenFold, WhatIsNoNumberDoesNotAgree) {
  const std::string program = R"(
import math, sys
sys.path.insert(0, sys.argv[1])
import torch
from compare_with_openfold import compare
one, nan = torch.ones(3), torch.tensor([1, math.nan, 1])
for ours, theirs in (one, one), (nan, one), (one, nan), (one * math.inf, one), (one * 2, one), (one[:2], one):
    print("agree" if compare({"x": ours}, {"x": theirs}, 1e-3) is None else "differ", file=sys.stderr)
)";
  const auto result =
      run_process({FOLDPERF_PYTHON, "-B", "-W", "ignore", "-c", program, (project_dir() / "scripts").string()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "agree\ndiffer\ndiffer\ndiffer\ndiffer\ndiffer\n");
}

}  // namespace
}  // namespace foldperf::testing

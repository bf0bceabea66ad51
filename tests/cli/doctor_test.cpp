// foldperf doctor answers whatever lies around, and fails only where training would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json finding(const ProcessResult& result, const std::string& name) {
  const auto json = nlohmann::json::parse(result.output);
  for (const auto& entry : json["findings"]) {
    if (entry["name"] == name) return entry;
  }
  return {};
}

TEST(Doctor, LooksAtEverything) {
  const auto text = run_process({program("foldperf"), "doctor"});
  EXPECT_EQ(text.errors, "");
  const auto json = run_process({program("foldperf"), "doctor", "--format", "json"});
  // A build without Torch has no trainer.
  const bool trains = finding(json, "NVTX")["state"] == "ok" && finding(json, "Trainer")["state"] == "ok";
  EXPECT_EQ(text.exit_code, trains ? 0 : 1);
  EXPECT_EQ(json.exit_code, trains ? 0 : 1);
  for (const char* name : {"Machine", "GPU driver", "NVML", "CUPTI", "NCCL", "NVTX", "Torch", "Trainer"}) {
    EXPECT_THAT(text.output, HasSubstr(name));
    const auto entry = finding(json, name);
    ASSERT_TRUE(entry.is_object()) << name;
    EXPECT_THAT(entry["state"].get<std::string>(), ::testing::AnyOf("ok", "missing", "broken"));
    EXPECT_NE(entry["found"], "") << name;
    EXPECT_NE(entry["means"], "") << name;
    if (entry["state"] != "ok") {
      EXPECT_NE(entry["advice"], "") << name;
    }
  }
  EXPECT_EQ(finding(json, "NVTX")["state"], "ok");
}

TEST(Doctor, SurvivesABrokenLibrary) {
  const TemporaryFolder folder;
  std::ofstream(folder / "libcuda.so.1") << "not a library";
  ProcessOptions options;
  options.environment["LD_LIBRARY_PATH"] = folder.path().string();
  const auto result = run_process({program("foldperf"), "doctor", "--format", "json", "--gpu"}, options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(finding(result, "GPU driver")["state"], "ok");
}

TEST(Doctor, SurvivesALibraryThatCrashes) {
  const TemporaryFolder folder;
  std::ofstream(folder / "crash.c") << "__attribute__((constructor)) static void f(void) { __builtin_trap(); }\n";
  const auto compiled =
      run_process({"cc", "-shared", "-fPIC", "-o", (folder / "libcuda.so.1").string(), (folder / "crash.c").string()});
  if (compiled.exit_code != 0) GTEST_SKIP() << "no C compiler named cc";
  ProcessOptions options;
  options.environment["LD_LIBRARY_PATH"] = folder.path().string();
  const auto result = run_process({program("foldperf"), "doctor", "--format", "json"}, options);
  EXPECT_EQ(finding(result, "GPU driver")["state"], "broken");
  EXPECT_THAT(finding(result, "GPU driver")["found"].get<std::string>(), HasSubstr("crashed"));
}

TEST(Doctor, NamesADriverThatIsTooOld) {
  const TemporaryFolder folder;
  std::ofstream(folder / "old.c") << "int cuInit(unsigned flags) { return 0; }\n"
                                     "int cuDriverGetVersion(int* version) { *version = 12040; return 0; }\n"
                                     "int cuDeviceGetCount(int* count) { *count = 1; return 0; }\n"
                                     "int cuDeviceGet(int* device, int i) { *device = i; return 0; }\n";
  const auto compiled =
      run_process({"cc", "-shared", "-fPIC", "-o", (folder / "libcuda.so.1").string(), (folder / "old.c").string()});
  if (compiled.exit_code != 0) GTEST_SKIP() << "no C compiler named cc";
  ProcessOptions options;
  options.environment["LD_LIBRARY_PATH"] = folder.path().string();
  const auto result = run_process({program("foldperf"), "doctor", "--format", "json", "--gpu"}, options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(finding(result, "GPU driver")["state"], "broken");
  EXPECT_THAT(finding(result, "GPU driver")["found"].get<std::string>(), HasSubstr("CUDA 12.4"));
  EXPECT_THAT(finding(result, "GPU driver")["advice"].get<std::string>(), HasSubstr("install a driver"));
}

// cuda.h: attributes 75 and 76 are the compute capability; GPU 0 is a V100 (7.0), GPU 1 an L40 (8.9).
TEST(Doctor, NamesAGpuThatTorchHasNoKernelsFor) {
  const TemporaryFolder folder;
  std::ofstream(folder / "volta.c")
      << "#include <stdlib.h>\n#include <string.h>\n"
         "int cuInit(unsigned flags) { return 0; }\n"
         "int cuDriverGetVersion(int* version) { *version = 13000; return 0; }\n"
         "int cuDeviceGetCount(int* count) { *count = atoi(getenv(\"GPUS\")); return 0; }\n"
         "int cuDeviceGet(int* device, int i) { *device = i; return 0; }\n"
         "int cuDeviceGetName(char* name, int size, int device) {\n"
         "  strcpy(name, device == 0 ? \"V100\" : \"L40\"); return 0; }\n"
         "int cuDeviceGetAttribute(int* value, int attribute, int device) {\n"
         "  *value = (attribute == 75 ? \"78\" : \"09\")[device] - '0'; return 0; }\n";
  const auto compiled =
      run_process({"cc", "-shared", "-fPIC", "-o", (folder / "libcuda.so.1").string(), (folder / "volta.c").string()});
  if (compiled.exit_code != 0) GTEST_SKIP() << "no C compiler named cc";
  ProcessOptions options;
  options.environment["LD_LIBRARY_PATH"] = folder.path().string();
  for (const char* gpus : {"1", "2"}) {
    options.environment["GPUS"] = gpus;
    const auto result = run_process({program("foldperf"), "doctor", "--format", "json", "--gpu"}, options);
    EXPECT_EQ(result.exit_code, 1);
    const auto entry = finding(result, "GPU driver");
    EXPECT_EQ(entry["state"], "broken");
    EXPECT_THAT(entry["found"].get<std::string>(), HasSubstr("V100 has compute capability 7.0"));
    EXPECT_THAT(entry["advice"].get<std::string>(),
                HasSubstr(*gpus == '1' ? "compute capability 7.5" : "CUDA_VISIBLE_DEVICES=1"));
  }
}

TEST(Doctor, CountsTheGpusThatNvmlTellsOf) {
  const TemporaryFolder folder;
  std::ofstream(folder / "nvml.c") << "int nvmlInit_v2(void) { return 0; }\n"
                                      "int nvmlDeviceGetCount_v2(unsigned* count) { *count = 8; return 0; }\n";
  const auto compiled = run_process(
      {"cc", "-shared", "-fPIC", "-o", (folder / "libnvidia-ml.so.1").string(), (folder / "nvml.c").string()});
  if (compiled.exit_code != 0) GTEST_SKIP() << "no C compiler named cc";
  ProcessOptions options;
  options.environment["LD_LIBRARY_PATH"] = folder.path().string();
  const auto result = run_process({program("foldperf"), "doctor", "--format", "json"}, options);
  EXPECT_EQ(finding(result, "NVML")["state"], "ok");
  EXPECT_EQ(finding(result, "NVML")["found"], "tells of 8 GPUs");
}

TEST(Doctor, NamesAnotherProfiler) {
  ProcessOptions options;
  options.environment["NVTX_INJECTION64_PATH"] = "/opt/other.so";
  const auto result = run_process({program("foldperf"), "doctor", "--format", "json"}, options);
  EXPECT_EQ(finding(result, "NVTX")["state"], "broken");
  EXPECT_THAT(finding(result, "NVTX")["found"].get<std::string>(), HasSubstr("/opt/other.so"));
  const auto text = run_process({program("foldperf"), "doctor"}, options);
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.output, HasSubstr("\nfoldperf profile does not work: see NVTX\n"));
  EXPECT_THAT(text.output, Not(::testing::ContainsRegex("Training does not work: see [A-Za-z, ]*NVTX")));
}

TEST(Doctor, AsksNoPythonForTorchThatTheActiveEnvironmentHas) {
  const auto ours = finding(run_process({program("foldperf"), "doctor", "--format", "json"}), "Torch");
  if (ours["state"] != "ok") GTEST_SKIP() << "no torch here whose version an environment could have";
  const auto found = ours["found"].get<std::string>();  // "2.11.0+cu130, for CUDA 13.0"
  const TemporaryFolder folder;
  const auto torch = folder / "environment/lib/python3.11/site-packages/torch";
  std::filesystem::create_directories(torch / "lib");
  std::ofstream(torch / "version.py") << "__version__ = '" << found.substr(0, found.find(',')) << "'\ncuda = '"
                                      << found.substr(found.rfind(' ') + 1) << "'\n";
  for (const char* library : {"libtorch_cpu.so", "libtorch_cuda.so"}) std::ofstream(torch / "lib" / library) << "";
  const auto asked = folder / "asked";
  std::ofstream(folder / "python3") << "#!/bin/sh\n: > " << asked.string() << "\n";
  std::filesystem::permissions(folder / "python3", std::filesystem::perms::owner_all);
  ProcessOptions options;
  options.environment["PATH"] = folder.path().string() + ":/usr/bin:/bin";
  options.environment["CONDA_PREFIX"] = options.environment["FOLDPERF_TORCH_DIR"] = "";
  options.environment["VIRTUAL_ENV"] = (folder / "environment").string();
  const auto active = run_process({program("foldperf"), "doctor", "--torch-libraries"}, options);
  EXPECT_EQ(active.output, (torch / "lib").string() + "\n") << active.errors;
  EXPECT_FALSE(std::filesystem::exists(asked));
  options.environment["VIRTUAL_ENV"] = "";
  (void)run_process({program("foldperf"), "doctor", "--torch-libraries"}, options);
  EXPECT_TRUE(std::filesystem::exists(asked));
}

// A folder of that name beside where one stands, as in a checkout of PyTorch.
TEST(Doctor, IsNotMisledByAFolderNamedTorch) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "torch/lib");
  std::ofstream(folder / "torch/__init__.py") << "";
  std::ofstream(folder / "torch/version.py") << "__version__ = '1.0.0'\n";
  ProcessOptions options;
  options.working_directory = folder.path();
  options.environment["VIRTUAL_ENV"] = options.environment["CONDA_PREFIX"] = "";  // python3 is asked
  EXPECT_THAT(run_process({program("foldperf"), "doctor"}, options).output,
              Not(HasSubstr((folder / "torch").string())));
}

}  // namespace
}  // namespace foldperf::testing

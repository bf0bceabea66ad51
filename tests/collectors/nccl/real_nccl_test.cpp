// The NCCL that PyTorch brings: what it looks for in a plugin is what the library has.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::IsSubsetOf;

// Empty where the Python environment has none.
std::filesystem::path nccl_library() {
  const std::filesystem::path folder = std::filesystem::path(FOLDPERF_PYTHON).parent_path().parent_path() / "lib";
  std::error_code ignored;
  for (const auto& python : std::filesystem::directory_iterator(folder, ignored)) {
    const auto library = python.path() / "site-packages/nvidia/nccl/lib/libnccl.so.2";
    if (std::filesystem::exists(library)) return library;
  }
  return {};
}

std::set<std::string> exported_tables() {
  const auto result = run_process({"nm", "-D", "--defined-only", "--format=posix", collector_library()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  std::set<std::string> names;
  const std::regex table("ncclProfiler_v[0-9]+");
  for (std::sregex_iterator i(result.output.begin(), result.output.end(), table), end; i != end; ++i) {
    names.insert(i->str());
  }
  return names;
}

// Whole strings of the file: a symbol's name has zeros around it.
std::set<std::string> tables_named_in(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = std::string(1, '\0') + "ncclProfiler_v";
  std::set<std::string> names;
  for (std::size_t at = bytes.find(begin); at != std::string::npos; at = bytes.find(begin, at + 1)) {
    const std::string name(bytes.c_str() + at + 1);
    if (name.find_first_not_of("0123456789", begin.size() - 1) == std::string::npos) names.insert(name);
  }
  return names;
}

TEST(RealNccl, LooksForTheTablesThatTheLibraryHas) {
  const std::filesystem::path library = nccl_library();
  if (library.empty()) GTEST_SKIP() << "no NCCL in the Python environment of " << FOLDPERF_PYTHON;
  void* nccl = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  ASSERT_NE(nccl, nullptr) << dlerror();
  const auto get_version = reinterpret_cast<int (*)(int*)>(dlsym(nccl, "ncclGetVersion"));
  ASSERT_NE(get_version, nullptr);
  int version = 0;
  ASSERT_EQ(get_version(&version), 0);
  if (version < 22800) GTEST_SKIP() << "NCCL " << version << " knows no version 5 of the interface";
  const std::set<std::string> ours = exported_tables();
  EXPECT_EQ(ours.size(), 5u);
  EXPECT_THAT(ours, IsSubsetOf(tables_named_in(library))) << "NCCL " << version;
}

}  // namespace
}  // namespace foldperf::testing

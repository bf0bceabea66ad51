// The library as others load it: what it exports, what it needs, which glibc it asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

#ifdef FOLDPERF_SANITIZED
constexpr bool sanitized = true;  // a sanitizer adds symbols and libraries of its own
#else
constexpr bool sanitized = false;
#endif

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(CollectorLibrary, ExportsItsEntryPointOnly) {
  if (sanitized) GTEST_SKIP() << "a sanitizer exports symbols of its own";
  const auto result = run_process({"nm", "-D", "--defined-only", "--format=posix", collector_library()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::vector<std::string> names;
  for (const std::string& line : lines_of(result.output)) names.push_back(line.substr(0, line.find(' ')));
  EXPECT_THAT(names, ElementsAre("InitializeInjection", "InitializeInjectionNvtx2", "InitializeInjectionNvtxExtension",
                                 "ncclProfiler_v1", "ncclProfiler_v2", "ncclProfiler_v3", "ncclProfiler_v4",
                                 "ncclProfiler_v5"));
}

TEST(CollectorLibrary, NeedsNoGlibcNewerThan2_34) {
  if (sanitized) GTEST_SKIP() << "a sanitizer needs what it needs";
  const auto result = run_process({"objdump", "-T", collector_library()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::vector<std::string> offending;
  const std::regex version("GLIBC_2\\.([0-9]+)");
  for (const std::string& line : lines_of(result.output)) {
    std::smatch match;
    if (std::regex_search(line, match, version) && std::stoi(match[1]) > 34) offending.push_back(line);
  }
  EXPECT_THAT(offending, IsEmpty());
}

TEST(CollectorLibrary, NeedsTheCLibraryOnly) {
  if (sanitized) GTEST_SKIP() << "a sanitizer is a library of its own";
  const auto result = run_process({"objdump", "-p", collector_library()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  for (const std::string& line : lines_of(result.output)) {
    if (line.find("NEEDED") == std::string::npos) continue;
    EXPECT_TRUE(std::regex_search(line, std::regex("lib(c|m|dl|pthread)\\.so|ld-linux"))) << line;
  }
}

}  // namespace
}  // namespace foldperf::testing

#include "trainer/feed/cpu_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string usage_error(const std::function<void()>& function) { return testing::message_of<UsageError>(function); }

TEST(CpuSet, ReadsAndWritesLists) {
  EXPECT_THAT(parse_cpu_list("0-3,8"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(parse_cpu_list(" 8, 2-3 ,2"), ElementsAre(2, 3, 8));
  EXPECT_THAT(parse_cpu_list("7"), ElementsAre(7));
  EXPECT_EQ(format_cpu_list({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
  EXPECT_EQ(format_cpu_list({}), "");
}

TEST(CpuSet, SaysWhatIsWrongWithAList) {
  for (const char* text : {"", ",", "1,", "a", "1-", "-1", "1-2-3", "0x1", "1;2", "1 2", "99999999999999999999"}) {
    EXPECT_THAT(usage_error([&] { parse_cpu_list(text); }), HasSubstr("0-3,8")) << text;
  }
  EXPECT_THAT(usage_error([] { parse_cpu_list("0,4-2"); }), HasSubstr("\"4-2\" is a range that ends before it begins"));
  EXPECT_THAT(usage_error([] { parse_cpu_list("0-70000"); }), HasSubstr("largest CPU number"));
  EXPECT_THAT(usage_error([] { parse_cpu_list("0-65535,0-65535,0-65535,0-65535,0-65535"); }), HasSubstr("repeats"));
}

TEST(CpuSet, ResolvesSettingsWithinWhatTheProcessMayUse) {
  const CpuList allowed = allowed_cpus();
  ASSERT_FALSE(allowed.empty());
  EXPECT_FALSE(resolve_cpus(""));
  EXPECT_EQ(resolve_cpus("auto"), allowed);
  EXPECT_THAT(*resolve_cpus(std::to_string(allowed.back())), ElementsAre(allowed.back()));
  EXPECT_THAT(usage_error([] { resolve_cpus("65535"); }), HasSubstr("this process may use"));
  EXPECT_THAT(usage_error([] { resolve_cpus("node:x"); }), HasSubstr("node:0"));
}

TEST(CpuSet, ReadsNumaNodes) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("foldperf_nodes_" + std::to_string(getpid()));
  const CpuList allowed = allowed_cpus();
  for (const char* node : {"node0", "node1", "node2"}) std::filesystem::create_directories(folder / node);
  std::ofstream(folder / "node0" / "cpulist") << format_cpu_list(allowed) << ",65000\n";
  std::ofstream(folder / "node1" / "cpulist") << "65000-65001\n";
  std::ofstream(folder / "node2" / "cpulist") << "\n";
  EXPECT_THAT(numa_node_cpus(1, folder), ElementsAre(65000, 65001));
  EXPECT_EQ(resolve_cpus("node:0", folder), allowed);
  EXPECT_THAT(usage_error([&] { resolve_cpus("node:1", folder); }), HasSubstr("the node has 65000-65001"));
  EXPECT_THAT(usage_error([&] { resolve_cpus("node:2", folder); }), HasSubstr("has no CPUs"));
  EXPECT_THAT(usage_error([&] { resolve_cpus("node:7", folder); }), HasSubstr("there are nodes 0-2"));
  std::filesystem::remove_all(folder);
  EXPECT_THAT(usage_error([&] { resolve_cpus("node:0", folder); }), HasSubstr("names no NUMA nodes"));
}

}  // namespace
}  // namespace foldperf::trainer

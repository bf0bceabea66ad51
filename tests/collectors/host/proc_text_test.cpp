#include "collectors/host/proc_text.hpp"

#include <gtest/gtest.h>

namespace foldperf::collectors {
namespace {

TEST(ProcText, CoresAreBusyInAllButIdleAndWaiting) {
  std::vector<CoreTicks> cores;
  read_core_ticks("cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 100 50 4 5 6 7 8\ncpu12 10 0 0 5 0 0 0 0 0 0\nintr 5\ncpu3 1 1",
                  cores);
  ASSERT_EQ(cores.size(), 2u);  // nothing behind the cores is taken for one
  EXPECT_EQ(cores[0].core, 0);
  EXPECT_EQ(cores[0].busy, 21);  // guest times are in user's already
  EXPECT_EQ(cores[0].total, 171);
  EXPECT_EQ(cores[1].core, 12);
  EXPECT_EQ(cores[1].busy, 10);
  EXPECT_EQ(cores[1].total, 15);
}

TEST(ProcText, OldKernelsTellFewerFields) {
  std::vector<CoreTicks> cores;
  read_core_ticks("cpu0 1 2 3 4\n", cores);
  ASSERT_EQ(cores.size(), 1u);
  EXPECT_EQ(cores[0].busy, 6);
  EXPECT_EQ(cores[0].total, 10);
}

TEST(ProcText, ReadsSingleNumbers) {
  EXPECT_EQ(read_run_queue("0.11 0.20 0.18 3/512 8142\n"), 3);
  EXPECT_EQ(read_pressure_total_us("some avg10=0.00 avg60=1.00 avg300=0.00 total=12345\nfull avg10=0 total=9\n"),
            12345);
  EXPECT_EQ(read_page_cache_bytes("MemTotal: 5 kB\nSwapCached: 4 kB\nCached:          7 kB\n"), 7 * 1024);
  EXPECT_EQ(read_resident_pages("100 25 3 4 5 6 7\n"), 25);
}

TEST(ProcText, AThreadsNameMayHoldAnything) {
  const auto ticks = read_thread_ticks(
      "42 (a) b (c 1 2) S 1 2 3 4 5 6 7 8 9 10 700 30 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 "
      "34 "
      "17 5 6 40\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->ticks, 730);
  EXPECT_EQ(ticks->core, 5);
}

TEST(ProcText, WhatIsNotThereIsEmpty) {
  std::vector<CoreTicks> cores{{1, 2, 3}};
  for (const char* text : {"", "\n", "cpu", "cpux 1 2", "garbage", "some", "Cached:", "1 (x", ") ) )", "0 0 0 /"}) {
    read_core_ticks(text, cores);
    EXPECT_TRUE(cores.empty()) << text;
    EXPECT_FALSE(read_run_queue(text)) << text;
    EXPECT_FALSE(read_pressure_total_us(text)) << text;
    EXPECT_FALSE(read_page_cache_bytes(text)) << text;
    EXPECT_FALSE(read_thread_ticks(text)) << text;
  }
}

TEST(ProcText, Children) {
  std::vector<std::int64_t> numbers{1};
  read_numbers("12 345 \n", numbers);
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{1, 12, 345}));
}

}  // namespace
}  // namespace foldperf::collectors

#include "trainer/input/ordered_work.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

namespace foldperf::trainer {
namespace {

TEST(OrderedWork, ResultsComeInOrderFromAnyNumberOfThreads) {
  for (const std::size_t threads : {1, 2, 7}) {
    std::vector<std::size_t> results;
    work_in_order<std::size_t>(
        500, threads,
        [](std::size_t index) {
          if (index % 5 == 0) std::this_thread::yield();
          return index * index;
        },
        [&](std::size_t result) { results.push_back(result); });
    ASSERT_EQ(results.size(), 500U);
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], i * i);
  }
  work_in_order<int>(
      0, 3, [](std::size_t) { return 1; }, [](int) { ADD_FAILURE(); });
}

TEST(OrderedWork, FewResultsWait) {
  std::atomic<std::size_t> made = 0;
  std::size_t used = 0;
  std::size_t most = 0;
  work_in_order<int>(
      300, 3,
      [&](std::size_t) {
        ++made;
        return 0;
      },
      [&](int) {
        most = std::max(most, made - used);
        ++used;
      });
  EXPECT_EQ(used, 300U);
  EXPECT_LE(most, 7U) << "two a thread, and the one in use";
}

TEST(OrderedWork, TheFirstExceptionInOrderIsThrown) {
  int used = 0;
  const auto run = [&] {
    work_in_order<int>(
        100, 4,
        [](std::size_t index) {
          if (index >= 10) throw std::runtime_error("at " + std::to_string(index));
          return 0;
        },
        [&](int) { ++used; });
  };
  EXPECT_THAT(run, ::testing::ThrowsMessage<std::runtime_error>("at 10"));
  EXPECT_EQ(used, 10);
}

TEST(OrderedWork, AnExceptionOfTheUserEndsTheWork) {
  std::atomic<int> made = 0;
  const auto run = [&] {
    work_in_order<int>(
        1000, 4, [&](std::size_t) { return ++made; }, [](int) { throw std::runtime_error("enough"); });
  };
  EXPECT_THAT(run, ::testing::ThrowsMessage<std::runtime_error>("enough"));
  EXPECT_LE(made, 13);
}

}  // namespace
}  // namespace foldperf::trainer

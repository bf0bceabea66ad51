#include "trainer/feed/chain_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using Cache = ChainCache<std::string>;

Cache::Value get(Cache& cache, const std::string& key, std::size_t bytes = 10) {
  return cache.get(key, [&] { return Cache::Loaded{std::make_shared<const std::string>("chain " + key), bytes}; });
}

TEST(ChainCache, KeepsValuesUpToItsLimitAndTheLatestUsed) {
  Cache cache(30);
  const Cache::Value a = get(cache, "a");
  get(cache, "b");
  get(cache, "c");
  EXPECT_EQ(get(cache, "a"), a);  // b is now the least recently used
  get(cache, "d");
  EXPECT_EQ(get(cache, "a"), a);
  CacheStatistics statistics = cache.statistics();
  EXPECT_EQ(statistics.hits, 2);
  EXPECT_EQ(statistics.misses, 4);
  EXPECT_EQ(statistics.evictions, 1);
  EXPECT_EQ(statistics.entries, 3U);
  EXPECT_EQ(statistics.bytes, 30U);
  get(cache, "b");  // again, in place of c
  EXPECT_EQ(cache.statistics().misses, 5);

  get(cache, "large", 25);
  statistics = cache.statistics();
  EXPECT_EQ(statistics.entries, 1U);
  EXPECT_EQ(statistics.bytes, 25U);
  EXPECT_EQ(statistics.largest_bytes, 30U);
  EXPECT_EQ(*a, "chain a");  // its user has it still
}

TEST(ChainCache, DoesNotKeepWhatIsAboveTheWholeLimit) {
  Cache cache(30);
  get(cache, "a");
  EXPECT_EQ(*get(cache, "whale", 31), "chain whale");
  EXPECT_EQ(cache.statistics().too_large, 1);
  EXPECT_EQ(cache.statistics().entries, 1U);
  Cache nothing(0);
  get(nothing, "a", 1);
  EXPECT_EQ(nothing.statistics().bytes, 0U);
}

TEST(ChainCache, LoadsAKeyOnceForAllWhoWantIt) {
  Cache cache(1000);
  std::atomic<int> loads{0};
  std::vector<Cache::Value> values(8);
  std::vector<std::thread> threads;
  for (Cache::Value& value : values) {
    threads.emplace_back([&] {
      value = cache.get("a", [&] {
        ++loads;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return Cache::Loaded{std::make_shared<const std::string>("a"), 10};
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loads, 1);
  for (const Cache::Value& value : values) EXPECT_EQ(value, values[0]);
  EXPECT_EQ(cache.statistics().hits, 7);
}

TEST(ChainCache, AFailedLoadIsNotKept) {
  Cache cache(1000);
  std::atomic<int> loads{0}, at_once{0}, failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        (void)cache.get("a", [&]() -> Cache::Loaded {
          EXPECT_EQ(++at_once, 1);
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          --at_once;
          if (++loads < 3) throw Error("not there yet");
          return {std::make_shared<const std::string>("a"), 10};
        });
      } catch (const Error&) {
        ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 2);
  EXPECT_EQ(loads, 3);
  EXPECT_EQ(cache.statistics().failures, 2);
  EXPECT_EQ(cache.statistics().hits, 1);
}

TEST(ChainCache, LoadsOfDifferentKeysDoNotWaitForOneAnother) {
  Cache cache(1000);
  std::atomic<bool> other_loaded{false};
  std::thread thread([&] {
    (void)cache.get("a", [&] {
      while (!other_loaded) std::this_thread::yield();
      return Cache::Loaded{std::make_shared<const std::string>("a"), 10};
    });
  });
  get(cache, "b");
  other_loaded = true;
  thread.join();
  EXPECT_EQ(cache.statistics().entries, 2U);
}

}  // namespace
}  // namespace foldperf::trainer

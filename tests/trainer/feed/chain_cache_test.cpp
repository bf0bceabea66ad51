#include "trainer/feed/chain_cache.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "trainer/feed/random_stream.hpp"

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

// Values that count how many of them live.
class Counted {
 public:
  Counted(std::atomic<std::int64_t>& alive, std::int64_t key) : alive_(alive), key_(key) { ++alive_; }
  ~Counted() { --alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  [[nodiscard]] std::int64_t key() const { return key_; }

 private:
  std::atomic<std::int64_t>& alive_;
  std::int64_t key_;
};

// Workers at once want few keys of many sizes; some are larger than the cache, a tenth cannot be loaded at first.
TEST(ChainCache, KeepsItsLimitWhileWorkersLoadAndFail) {
  constexpr std::int64_t gets = 3000, threads = 6, keys = 40;
  constexpr std::size_t limit = 200;
  std::atomic<std::int64_t> alive{0}, failures{0}, loads{0};
  std::array<std::atomic<int>, keys> loading{};
  {
    ChainCache<Counted, std::int64_t> cache(limit);
    std::vector<std::thread> workers;
    for (std::int64_t worker = 0; worker < threads; ++worker) {
      workers.emplace_back([&, worker] {
        RandomStream stream({1, 0, static_cast<std::uint32_t>(worker)}, Purpose::crop);
        std::vector<std::shared_ptr<const Counted>> held(3);  // in use while the cache may let go of them
        for (std::int64_t i = 0; i < gets; ++i) {
          const std::int64_t key = stream.integer(0, keys - 1);
          const bool fails = stream.integer(0, 9) == 0;
          try {
            auto value = cache.get(key, [&] {
              EXPECT_EQ(++loading[static_cast<std::size_t>(key)], 1) << "two load key " << key;
              ++loads;
              std::this_thread::yield();
              --loading[static_cast<std::size_t>(key)];
              if (fails) throw Error("no file");
              return ChainCache<Counted, std::int64_t>::Loaded{std::make_shared<const Counted>(alive, key),
                                                               static_cast<std::size_t>(key * key / 4)};
            });
            EXPECT_EQ(value->key(), key);
            held[static_cast<std::size_t>(i) % held.size()] = std::move(value);
          } catch (const Error&) {
            ++failures;
          }
          const CacheStatistics statistics = cache.statistics();
          EXPECT_LE(statistics.bytes, limit);
          EXPECT_LE(statistics.largest_bytes, limit);
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    const CacheStatistics statistics = cache.statistics();
    EXPECT_EQ(statistics.hits + statistics.misses, gets * threads);
    EXPECT_EQ(statistics.misses, loads);
    EXPECT_EQ(statistics.failures, failures);
    EXPECT_GT(statistics.failures, 0);
    EXPECT_GT(statistics.evictions, 0);
    EXPECT_GT(statistics.too_large, 0);
    EXPECT_GT(statistics.hits, 0);
    EXPECT_EQ(statistics.limit_bytes, limit);
    // All that was loaded is held, was let go of, or was never kept; and nobody else holds a value now.
    EXPECT_EQ(static_cast<std::int64_t>(statistics.entries),
              statistics.misses - statistics.failures - statistics.evictions - statistics.too_large);
    EXPECT_EQ(static_cast<std::int64_t>(statistics.entries), alive);
  }
  EXPECT_EQ(alive, 0);
}

TEST(ChainCache, IsDescribedInOneLine) {
  Cache cache(1'000'000);
  EXPECT_EQ(describe(cache.statistics()), "not used");
  get(cache, "a", 600'000);
  get(cache, "a");
  get(cache, "a");
  EXPECT_EQ(describe(cache.statistics()), "found 66.7% of 3; holds 1 in 0.6 MB, at most 0.6 of 1.0 MB");
  get(cache, "b", 500'000);
  get(cache, "c", 2'000'000);
  EXPECT_THROW(cache.get("d", []() -> Cache::Loaded { throw Error("no file"); }), Error);
  EXPECT_EQ(
      describe(cache.statistics()),
      "found 33.3% of 6, 1 could not be read, let go of 1, 1 were larger than the whole cache; holds 1 in 0.5 MB, "
      "at most 0.6 of 1.0 MB");
}

}  // namespace
}  // namespace foldperf::trainer

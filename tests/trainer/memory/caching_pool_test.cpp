// Sizes, splitting and joining as in c10/cuda/CUDACachingAllocator.cpp.
#include "trainer/memory/caching_pool.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace foldperf::trainer {
namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib;

TEST(CachingPool, RoundsTo512BytesAndPutsSmallRequestsIntoSegmentsOf2Mib) {
  CachingPool pool;
  const auto first = pool.allocate(1);
  EXPECT_EQ(pool.allocated(), 512);
  EXPECT_EQ(pool.reserved(), 2 * mib);
  const auto second = pool.allocate(513);
  EXPECT_EQ(pool.allocated(), 512 + 1024);
  EXPECT_EQ(pool.reserved(), 2 * mib) << "from the same segment";
  pool.free(first);
  pool.free(second);
  EXPECT_EQ(pool.allocated(), 0);
  EXPECT_EQ(pool.reserved(), 2 * mib) << "kept for the next request";
}

TEST(CachingPool, SegmentsOfLargeRequests) {
  CachingPool pool;
  const auto medium = pool.allocate(3 * mib);
  EXPECT_EQ(pool.reserved(), 20 * mib);
  const auto neighbour = pool.allocate(4 * mib);
  EXPECT_EQ(pool.reserved(), 20 * mib);
  const auto own = pool.allocate(14 * mib + 1);
  EXPECT_EQ(pool.reserved(), 20 * mib + 16 * mib) << "a segment of its own, a multiple of 2 MiB";
  for (const auto block : {medium, neighbour, own}) pool.free(block);
}

TEST(CachingPool, ALargeBlockIsSplitOnlyWhereMoreThanOneMibIsLeft) {
  CachingPool pool;
  const auto block = pool.allocate(12 * mib);
  pool.free(block);
  const auto whole = pool.allocate(11 * mib);
  EXPECT_EQ(pool.allocated(), 12 * mib) << "the rest would be one MiB";
  pool.free(whole);
  const auto part = pool.allocate(11 * mib - 512);
  EXPECT_EQ(pool.allocated(), 11 * mib - 512);
  pool.free(part);
  EXPECT_EQ(pool.reserved(), 12 * mib);
}

TEST(CachingPool, TakesTheSmallestBlockThatFitsAndJoinsNeighbours) {
  CachingPool pool;
  const auto large = pool.allocate(40 * mib), small = pool.allocate(16 * mib);
  pool.free(large);
  pool.free(small);
  const auto again = pool.allocate(15 * mib);
  const auto rest = pool.allocate(40 * mib);
  EXPECT_EQ(pool.reserved(), 56 * mib) << "the first went into the segment of 16 MiB";
  pool.free(again);
  pool.free(rest);

  const auto a = pool.allocate(10 * mib), b = pool.allocate(20 * mib), c = pool.allocate(20 * mib);
  EXPECT_EQ(pool.reserved(), 56 * mib);
  pool.free(a);
  pool.free(c);
  pool.free(b);  // joins with what is on both sides
  const auto joined = pool.allocate(40 * mib);
  EXPECT_EQ(pool.reserved(), 56 * mib);
  pool.free(joined);
}

TEST(CachingPool, FragmentsTakeMoreThanIsInUse) {
  CachingPool pool;
  const auto whole = pool.allocate(40 * mib);
  pool.free(whole);
  std::vector<CachingPool::Handle> quarters;
  for (int i = 0; i < 4; ++i) quarters.push_back(pool.allocate(10 * mib));
  EXPECT_EQ(pool.reserved(), 40 * mib);
  pool.free(quarters[0]);
  pool.free(quarters[2]);
  const auto half = pool.allocate(20 * mib);
  EXPECT_EQ(pool.allocated(), 40 * mib);
  EXPECT_EQ(pool.reserved(), 60 * mib) << "20 MiB are free, but in two pieces";
  pool.free(half);
  pool.release_unused();
  EXPECT_EQ(pool.reserved(), 40 * mib) << "only whole segments go back";
  pool.free(quarters[1]);
  pool.free(quarters[3]);
  pool.release_unused();
  EXPECT_EQ(pool.reserved(), 0);
}

}  // namespace
}  // namespace foldperf::trainer

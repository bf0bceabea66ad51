// The pool of NCCL's events: handles that outlive their events, a full pool, threads that share it.
#include "collectors/nccl/event_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace foldperf::collectors::nccl {
namespace {

void let_go(EventPool& pool, Slot& slot) {
  ASSERT_TRUE(pool.close(slot));
  pool.free(slot);
}

TEST(EventPool, KnowsAHandleAsLongAsItsEvent) {
  EventPool pool(4);
  Slot* slot = pool.acquire();
  ASSERT_NE(slot, nullptr);
  const void* handle = pool.publish(*slot);
  EXPECT_EQ(pool.hold(handle), slot);
  EXPECT_FALSE(pool.close(*slot)) << "somebody else holds it";
  pool.release(*slot);
  let_go(pool, *slot);
  EXPECT_EQ(pool.hold(handle), nullptr);
  // The slot's next event has another handle.
  Slot* again = pool.acquire();
  EXPECT_EQ(again, slot);
  const void* other = pool.publish(*again);
  EXPECT_NE(other, handle);
  EXPECT_EQ(pool.hold(handle), nullptr);
  EXPECT_EQ(pool.hold(other), again);
}

TEST(EventPool, TakesNothingForAHandleThatIsNone) {
  EventPool pool(4);
  pool.publish(*pool.acquire());
  for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x7fff12345678}, UINT64_MAX,
                                   std::uint64_t{1} << 20 | 1, std::uint64_t{2} << 20}) {
    EXPECT_EQ(pool.hold(reinterpret_cast<const void*>(bits)), nullptr) << bits;
  }
}

TEST(EventPool, HasFreshFieldsInAUsedSlot) {
  EventPool pool(1);
  Slot* slot = pool.acquire();
  slot->captured = slot->point_to_point = true;
  slot->operation.assign("AllReduce");
  slot->call = 0;
  slot->asked = 7;
  slot->written_ns = 5;
  slot->gpu_end.store(9);
  slot->wait_steps[2].store(3);
  pool.publish(*slot);
  let_go(pool, *slot);
  ASSERT_EQ(pool.acquire(), slot);
  EXPECT_FALSE(slot->captured || slot->point_to_point);
  EXPECT_STREQ(slot->operation.c_str(), "");
  EXPECT_EQ(slot->call, no_slot);
  EXPECT_EQ(slot->asked, 0u);
  EXPECT_EQ(slot->written_ns, unknown_time);
  EXPECT_EQ(slot->gpu_end.load(), 0u);
  EXPECT_EQ(slot->wait_steps[2].load(), 0);
}

TEST(EventPool, SaysWhenItIsFull) {
  EventPool pool(3);
  std::vector<Slot*> slots;
  for (int i = 0; i < 3; ++i) slots.push_back(pool.acquire());
  EXPECT_THAT(slots, ::testing::Not(::testing::Contains(nullptr)));
  EXPECT_EQ(pool.acquire(), nullptr);
  EXPECT_EQ(pool.in_use(), 3u);
  pool.publish(*slots[1]);
  let_go(pool, *slots[1]);
  EXPECT_EQ(pool.acquire(), slots[1]);
  EXPECT_EQ(pool.acquire(), nullptr);
}

TEST(EventPool, HandsOverStoppedEventsInTheirOrder) {
  EventPool pool(8);
  std::vector<std::uint32_t> pushed;
  for (int i = 0; i < 5; ++i) {
    Slot* slot = pool.acquire();
    pool.publish(*slot);
    pushed.push_back(pool.index_of(*slot));
    pool.push_stopped(*slot);
  }
  std::vector<std::uint32_t> taken;
  for (std::uint32_t i = pool.take_stopped(); i != no_slot; i = pool.at(i).next) taken.push_back(i);
  EXPECT_EQ(taken, pushed);
  EXPECT_EQ(pool.take_stopped(), no_slot);
}

TEST(EventPool, GivesEachSlotToOneThreadAtATime) {
  constexpr int threads = 4, rounds = 20'000, at_once = 5;
  EventPool pool(threads * at_once - 2);  // at times too small
  std::array<std::atomic<int>, threads * at_once> owners{};
  std::atomic<int> shared_twice{0}, not_known{0}, refused{0};
  const auto work = [&] {
    for (int round = 0; round < rounds; ++round) {
      std::vector<std::pair<Slot*, void*>> mine;
      for (int i = 0; i < at_once; ++i) {
        Slot* slot = pool.acquire();
        if (slot == nullptr) {
          ++refused;
          continue;
        }
        if (owners[pool.index_of(*slot)].fetch_add(1) != 0) ++shared_twice;
        mine.emplace_back(slot, pool.publish(*slot));
      }
      for (const auto& [slot, handle] : mine) {
        if (pool.hold(handle) != slot) {
          ++not_known;
          continue;
        }
        owners[pool.index_of(*slot)].fetch_sub(1);
        pool.release(*slot, 2);  // the last holder frees it
      }
    }
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work);
  for (std::thread& thread : running) thread.join();
  EXPECT_EQ(shared_twice, 0);
  EXPECT_EQ(not_known, 0);
  EXPECT_LT(refused, threads * rounds * at_once);
  EXPECT_EQ(pool.in_use(), 0u);
}

}  // namespace
}  // namespace foldperf::collectors::nccl

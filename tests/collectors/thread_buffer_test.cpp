#include "collectors/buffer/thread_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace foldperf::collectors {
namespace {

EventHeader push_event(std::uint32_t domain, std::uint64_t id) {
  EventHeader header;
  header.kind = EventKind::push;
  header.domain = domain;
  header.range_id = id;
  return header;
}

TEST(ThreadBuffer, ReturnsDepthsByDomain) {
  ThreadBuffer buffer(1 << 16, 1);
  EXPECT_EQ(buffer.pop(0, 0), -1);
  EXPECT_EQ(buffer.push(push_event(0, 0), {}), 0);
  EXPECT_EQ(buffer.push(push_event(0, 0), {}), 1);
  EXPECT_EQ(buffer.push(push_event(5, 0), {}), 0);
  EXPECT_EQ(buffer.pop(0, 0), 1);
  EXPECT_EQ(buffer.pop(5, 0), 0);
  EXPECT_EQ(buffer.pop(5, 0), -1);
  EXPECT_EQ(buffer.pop(0, 0), 0);
  EXPECT_EQ(buffer.dropped(EventKind::push), 0u);
}

// Whatever the ring's size and the depth: each recorded push has its pop, in the right order.
TEST(ThreadBuffer, RecordsARangeWholeOrNotAtAll) {
  for (const int depth : {1, 3, 40, 2000}) {
    ThreadBuffer buffer(4096, 1);
    const std::string text(31, 't');
    std::vector<std::uint64_t> open;
    std::uint64_t pushes = 0;
    std::uint64_t pops = 0;
    const auto drain = [&] {
      buffer.ring().drain([&](const EventView& event) {
        if (event.header->kind == EventKind::push) {
          ++pushes;
          open.push_back(event.header->range_id);
        } else {
          ++pops;
          ASSERT_FALSE(open.empty());
          // The time of a pop is set to the id of its push below.
          ASSERT_EQ(open.back(), static_cast<std::uint64_t>(event.header->time_ns));
          open.pop_back();
        }
      });
    };
    std::uint64_t id = 0;
    for (int round = 0; round < 50; ++round) {
      std::vector<std::uint64_t> mine;
      for (int d = 0; d < depth; ++d) {
        EventHeader header = push_event(0, ++id);
        header.text_kind = TextKind::inlined;
        header.text = 31;
        buffer.push(header, {text.data(), text.size(), nullptr, 0});
        mine.push_back(id);
        if (id % 13 == 0) drain();
      }
      for (int d = 0; d < depth; ++d) {
        buffer.pop(0, static_cast<std::int64_t>(mine.back()));
        mine.pop_back();
      }
      if (round % 3 == 0) drain();
    }
    drain();
    EXPECT_EQ(pushes, pops) << depth;
    EXPECT_TRUE(open.empty()) << depth;
    EXPECT_EQ(buffer.dropped(EventKind::pop), 0u) << depth;
    EXPECT_EQ(pushes + buffer.dropped(EventKind::push) + buffer.pushes_too_deep(), id) << depth;
  }
}

TEST(ThreadBuffer, AsksForDrainingOnlyWhileHalfFull) {
  ThreadBuffer buffer(1 << 16, 1);
  EventHeader mark;
  mark.kind = EventKind::mark;
  for (int i = 0; i < 1000; ++i) buffer.mark(mark, {});
  EXPECT_TRUE(buffer.wants_draining());
  buffer.ring().drain([](const EventView&) {});
  buffer.mark(mark, {});
  EXPECT_FALSE(buffer.wants_draining());
}

// A pop forgotten at each step of a long run.
TEST(ThreadBuffer, ForgottenPopsLeaveRoomForOtherEvents) {
  ThreadBuffer buffer(1 << 16, 1);
  EventHeader mark;
  mark.kind = EventKind::mark;
  std::uint64_t pushes = 0;
  std::uint64_t marks = 0;
  constexpr int steps = 20'000;
  for (int step = 0; step < steps; ++step) {
    EXPECT_EQ(buffer.push(push_event(0, 0), {}), step);
    buffer.mark(mark, {});
    buffer.ring().drain([&](const EventView& event) { ++(event.header->kind == EventKind::push ? pushes : marks); });
  }
  EXPECT_EQ(marks, static_cast<std::uint64_t>(steps));
  EXPECT_EQ(pushes, std::uint64_t{(1 << 16) / 4 / sizeof(EventHeader)});
  EXPECT_EQ(pushes + buffer.pushes_too_deep(), static_cast<std::uint64_t>(steps));
  EXPECT_EQ(buffer.dropped(EventKind::push), 0u);
  // Depths are the program's, whatever was taken.
  for (int step = steps; step-- > 0;) ASSERT_EQ(buffer.pop(0, 0), step);
  EXPECT_EQ(buffer.push(push_event(0, 0), {}), 0);
  EXPECT_EQ(pushes + buffer.pushes_too_deep(), static_cast<std::uint64_t>(steps));
}

TEST(ThreadBuffer, CountsWhatDoesNotFit) {
  ThreadBuffer buffer(4096, 1);
  EventHeader mark;
  mark.kind = EventKind::mark;
  for (int i = 0; i < 1000; ++i) buffer.mark(mark, {});
  std::uint64_t kept = 0;
  buffer.ring().drain([&kept](const EventView&) { ++kept; });
  EXPECT_GT(kept, 50u);
  EXPECT_EQ(kept + buffer.dropped(EventKind::mark), 1000u);
}

}  // namespace
}  // namespace foldperf::collectors

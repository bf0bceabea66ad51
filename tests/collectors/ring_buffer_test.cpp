#include "collectors/buffer/ring_buffer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace foldperf::collectors {
namespace {

EventHeader event(std::uint64_t id, const std::string& text) {
  EventHeader header;
  header.kind = EventKind::mark;
  header.range_id = id;
  header.text_kind = TextKind::inlined;
  header.text = static_cast<std::uint32_t>(text.size());
  return header;
}

bool write(RingBuffer& ring, std::uint64_t id, const std::string& text, std::size_t keep_free = 0) {
  return ring.write(event(id, text), text.data(), text.size(), nullptr, 0, keep_free);
}

std::string text_of(std::uint64_t id) { return std::string(id % 97, static_cast<char>('a' + id % 26)); }

TEST(RingBuffer, GivesBackWhatWasWritten) {
  RingBuffer ring(4096);
  EventHeader header = event(7, "hello");
  header.payload_kind = PayloadKind::binary;
  header.payload_bits = 3;
  ASSERT_TRUE(ring.write(header, "hello", 5, "\x01\x00\x02", 3, 0));
  EXPECT_FALSE(ring.empty());
  const auto count = ring.drain([](const EventView& view) {
    EXPECT_EQ(view.header->range_id, 7u);
    EXPECT_EQ(view.header->size % 8, 0u);
    EXPECT_EQ(view.text, "hello");
    EXPECT_EQ(view.binary, std::string_view("\x01\x00\x02", 3));
  });
  EXPECT_EQ(count, 1u);
  EXPECT_TRUE(ring.empty());
}

TEST(RingBuffer, RefusesWhatDoesNotFitAndStaysWhole) {
  RingBuffer ring(4096);
  std::uint64_t written = 0;
  while (write(ring, written, text_of(written))) ++written;
  EXPECT_GT(written, 20u);
  std::uint64_t next = 0;
  ring.drain([&next](const EventView& view) {
    EXPECT_EQ(view.header->range_id, next);
    EXPECT_EQ(view.text, text_of(next));
    ++next;
  });
  EXPECT_EQ(next, written);
  EXPECT_TRUE(write(ring, 1, "again"));
}

TEST(RingBuffer, KeepsRoomFreeWhenAsked) {
  RingBuffer ring(4096);
  EXPECT_FALSE(write(ring, 0, "", 4096));
  EXPECT_TRUE(write(ring, 0, "", 4096 - sizeof(EventHeader)));
  EXPECT_FALSE(write(ring, 1, std::string(5000, 'x')));  // larger than the ring
}

TEST(RingBuffer, KnowsThatItWasEmptied) {
  RingBuffer ring(4096);
  for (std::uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(write(ring, i, ""));
  EXPECT_TRUE(ring.holds_more_than(2048));
  ring.drain([](const EventView&) {});
  EXPECT_FALSE(ring.holds_more_than(2048));
  // Long before a write finds the ring full and has to look.
  ASSERT_TRUE(write(ring, 50, ""));
  EXPECT_FALSE(ring.holds_more_than(2048));
  EXPECT_TRUE(ring.holds_more_than(0));
}

TEST(RingBuffer, WrapsAroundManyTimes) {
  RingBuffer ring(4096);
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(write(ring, i, text_of(i)));
    if (i % 7 == 6) {
      ring.drain([&next](const EventView& view) {
        ASSERT_EQ(view.header->range_id, next);
        ASSERT_EQ(view.text, text_of(next));
        ++next;
      });
    }
  }
  EXPECT_GT(next, 4980u);
}

TEST(RingBuffer, CarriesEventsBetweenTwoThreads) {
  constexpr std::uint64_t events = 200'000;
  RingBuffer ring(1 << 14);
  std::thread producer([&ring] {
    for (std::uint64_t i = 0; i < events;) {
      if (write(ring, i, text_of(i))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t next = 0;
  std::uint64_t wrong = 0;
  while (next < events) {
    const auto count = ring.drain([&](const EventView& view) {
      if (view.header->range_id != next || view.text != text_of(next)) ++wrong;
      ++next;
    });
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace foldperf::collectors

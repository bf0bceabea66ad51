#include "collectors/session/range_matcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

namespace foldperf::collectors {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RangeMatcherTest : public ::testing::Test {
 protected:
  void add(RangeMatcher::ThreadState& thread, EventKind kind, std::int64_t time, const std::string& text = "",
           std::uint32_t domain = 0, std::uint64_t id = 0) {
    EventHeader header;
    header.kind = kind;
    header.time_ns = time;
    header.domain = domain;
    header.range_id = id;
    matcher.add(thread, {&header, {}, {}}, text);
  }

  static std::string line(const records::NvtxRecord& record) {
    return std::string(record.text) + " " + std::to_string(record.start_ns) + "-" +
           (record.end_ns ? std::to_string(*record.end_ns) : "");
  }

  std::vector<std::string> emitted;
  RangeMatcher matcher{1000, [this](const records::NvtxRecord& record) { emitted.push_back(line(record)); }};
  RangeMatcher::ThreadState one{11, {}}, two{22, {}};
};

TEST_F(RangeMatcherTest, JoinsPushAndPopByThreadAndDomain) {
  add(one, EventKind::push, 1001, "a");
  add(two, EventKind::push, 1002, "other thread");
  add(one, EventKind::push, 1003, "b", 4);
  add(one, EventKind::pop, 1004);
  add(one, EventKind::pop, 1005, "", 4);
  add(two, EventKind::pop, 1006);
  add(one, EventKind::pop, 1007);  // of nothing
  EXPECT_THAT(emitted, ElementsAre("a 1-4", "b 3-5", "other thread 2-6"));
}

TEST_F(RangeMatcherTest, TakesAnEndBeforeItsStartFromAnotherThread) {
  add(two, EventKind::end, 1009, "", 0, 77);
  matcher.end_round();
  add(one, EventKind::start, 1004, "late", 0, 77);
  EXPECT_THAT(emitted, ElementsAre("late 4-9"));
  add(one, EventKind::start, 1010, "x", 0, 78);
  add(two, EventKind::end, 1011, "", 0, 78);
  EXPECT_THAT(emitted, ElementsAre("late 4-9", "x 10-11"));
  EXPECT_EQ(matcher.ends_without_start(), 0u);
}

TEST_F(RangeMatcherTest, CountsEndsWhoseStartNeverComes) {
  add(two, EventKind::end, 1009, "", 0, 77);
  matcher.end_round();
  EXPECT_EQ(matcher.ends_without_start(), 0u);
  matcher.end_round();
  EXPECT_EQ(matcher.ends_without_start(), 1u);
  EXPECT_THAT(emitted, IsEmpty());
}

TEST_F(RangeMatcherTest, KeepsABoundedNumberOfStartsWhoseEndIsForgotten) {
  constexpr std::uint64_t forgotten = RangeMatcher::most_started + 100;
  for (std::uint64_t id = 1; id <= forgotten; ++id) add(one, EventKind::start, 1001, "forgotten", 0, id);
  std::size_t open = 0;
  matcher.for_each_open_start_end([&open](const records::NvtxRecord&) { ++open; });
  EXPECT_EQ(open, RangeMatcher::most_started);
  EXPECT_EQ(emitted.size(), 100u);
  EXPECT_EQ(emitted[0], "forgotten 1-");
  // Those that come later are whole.
  emitted.clear();
  add(one, EventKind::start, 1010, "later", 0, forgotten + 1);
  add(one, EventKind::end, 1011, "", 0, forgotten + 1);
  EXPECT_THAT(emitted, ElementsAre("forgotten 1-", "later 10-11"));
  // The end of one that was given up is counted.
  add(one, EventKind::end, 1012, "", 0, 1);
  matcher.end_round();
  matcher.end_round();
  EXPECT_EQ(matcher.ends_without_start(), 1u);
}

TEST_F(RangeMatcherTest, TellsOpenRangesAndRecordsThoseOfThreadsThatEnded) {
  add(one, EventKind::push, 1001, "outer");
  add(one, EventKind::push, 1002, "inner");
  add(two, EventKind::start, 1003, "started", 0, 5);
  std::vector<std::string> open;
  const auto note = [&open](const records::NvtxRecord& record) { open.push_back(line(record)); };
  RangeMatcher::for_each_open(one, note);
  matcher.for_each_open_start_end(note);
  EXPECT_THAT(open, ElementsAre("outer 1-", "inner 2-", "started 3-"));
  matcher.abandon(one);
  EXPECT_THAT(emitted, ElementsAre("outer 1-", "inner 2-"));
  EXPECT_TRUE(one.open.empty());
}

TEST(DecodePayload, OfEveryType) {
  using Type = records::NvtxPayload::Type;
  const auto decode = [](PayloadKind kind, std::uint64_t bits) {
    EventHeader header;
    header.payload_kind = kind;
    header.payload_bits = bits;
    return decode_payload(header);
  };
  EXPECT_EQ(decode(PayloadKind::none, 5).type, Type::none);
  EXPECT_EQ(decode(PayloadKind::uint64, ~0ULL).type, Type::uint64);
  EXPECT_EQ(decode(PayloadKind::uint64, ~0ULL).integer, -1);
  EXPECT_EQ(decode(PayloadKind::int64, static_cast<std::uint64_t>(-9)).integer, -9);
  EXPECT_EQ(decode(PayloadKind::float64, std::bit_cast<std::uint64_t>(1.25)).real, 1.25);
  EXPECT_EQ(decode(PayloadKind::uint32, 4000000000U).integer, 4000000000);
  EXPECT_EQ(decode(PayloadKind::int32, static_cast<std::uint32_t>(-7)).integer, -7);
  EXPECT_EQ(decode(PayloadKind::float32, std::bit_cast<std::uint32_t>(0.5F)).real, 0.5);
  EXPECT_EQ(decode(PayloadKind::float32, std::bit_cast<std::uint32_t>(0.5F)).type, Type::float32);
}

}  // namespace
}  // namespace foldperf::collectors

#include "trainer/instrument/ranges.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <thread>

#include "tests/trainer/instrument/recording_sink.hpp"
#include "trainer/instrument/operator_ranges.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Ranges, NestAndCarryPayloads) {
  RecordingSink sink;
  {
    StepRange step(3);
    PhaseRange phase(facts::phase::forward);
    RecyclingPassRange pass(1);
  }
  EXPECT_THAT(sink.events, ElementsAre("+s:step#3", "+p:forward", "+r:recycling_pass#1", "-r:recycling_pass#1",
                                       "-p:forward", "-s:step#3"));
}

TEST(Ranges, CloseWhenAnExceptionPasses) {
  RecordingSink sink;
  try {
    StepRange step(0);
    PhaseRange phase(facts::phase::loss);
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(sink.balanced());
}

TEST(Ranges, SaySilenceWhenSwitchedOff) {
  RecordingSink sink;
  enable_instrumentation(false);
  {
    StepRange step(0);
    emit_fact(facts::StepFact{});
  }
  EXPECT_TRUE(sink.events.empty());
  EXPECT_TRUE(sink.marks.empty());
}

TEST(Ranges, FactsAreMarks) {
  RecordingSink sink;
  emit_fact(facts::MetricFact{4, "loss", 1.5, "train", "1ubi_A"});
  ASSERT_EQ(sink.marks.size(), 1u);
  const auto fact = facts::parse_fact(sink.marks[0]);
  ASSERT_TRUE(fact && std::holds_alternative<facts::MetricFact>(*fact));
  EXPECT_EQ(std::get<facts::MetricFact>(*fact).chain, "1ubi_A");
}

TEST(Ranges, LabelsAreInternedAcrossThreads) {
  const Label here("same text");
  Label there;
  std::thread([&] { there = Label("same text"); }).join();
  EXPECT_EQ(here, there);
  EXPECT_NE(here, Label("other text"));
}

TEST(Operators, AreRangesWhileTheObjectLives) {
  RecordingSink sink;
  const at::Tensor x = torch::ones({2, 2});
  {
    OperatorRanges operators;
    const at::Tensor y = at::addmm(x, x, x);
  }
  EXPECT_THAT(sink.only('o'), Contains("+o:aten::addmm"));
  EXPECT_TRUE(sink.balanced());
  const std::size_t before = sink.events.size();
  const at::Tensor y = at::addmm(x, x, x);
  EXPECT_EQ(sink.events.size(), before);
}

TEST(Operators, CloseWhenTheOperatorThrows) {
  RecordingSink sink;
  OperatorRanges operators;
  EXPECT_ANY_THROW((void)at::mm(torch::ones({2, 3}), torch::ones({2, 3})));
  EXPECT_FALSE(sink.events.empty());
  EXPECT_TRUE(sink.balanced());
}

}  // namespace
}  // namespace foldperf::trainer

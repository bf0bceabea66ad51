#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/fuzz/frame/dictionary.hpp"
#include "tests/fuzz/frame/mutations.hpp"
#include "tests/support/process.hpp"

namespace foldperf::fuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::TemporaryFolder;

TEST(Dictionary, ReadsLibFuzzersForm) {
  EXPECT_THAT(parse_dictionary("# remark\n\n\"loop_\"\nname=\"a\\x0A\\\"b\\\\\"\r\n"),
              ElementsAre("loop_", "a\n\"b\\"));
}

TEST(Dictionary, RefusesWhatIsNoWord) {
  for (const char* text : {"word", "\"", "\"\"", "\"a\\n\"", "\"\\x4\"", "\"\\xgg\""}) {
    EXPECT_THROW((void)parse_dictionary(text), std::runtime_error) << text;
  }
}

TEST(Mutator, GivesTheSameInputForTheSameSeedAndRound) {
  const Mutator mutator({"one two\nthree\n", "four"}, {"word"}, 1000);
  std::set<std::string> different;
  for (std::uint64_t round = 0; round < 200; ++round) {
    different.insert(mutator.input(1, round));
    EXPECT_EQ(mutator.input(1, round), Mutator({"one two\nthree\n", "four"}, {"word"}, 1000).input(1, round));
  }
  EXPECT_GT(different.size(), 150U);
  EXPECT_NE(mutator.input(1, 0) + mutator.input(1, 1), mutator.input(2, 0) + mutator.input(2, 1));
}

// Words, cuts, longer and empty texts, bytes that are no text, both seeds: all of them come up.
TEST(Mutator, DamagesInManyWays) {
  const std::string text = "one two\nthree 4\n", other = "FIVE";
  const Mutator mutator({text, other, ""}, {"word"}, 200);
  bool has_word = false, has_prefix = false, is_longer = false, is_empty = false, has_odd_byte = false,
       is_mixed = false;
  for (std::uint64_t round = 0; round < 3000; ++round) {
    const std::string input = mutator.input(7, round);
    EXPECT_LE(input.size(), 200U);
    has_word |= input.find("word") != input.npos;
    has_prefix |= input.size() > 1 && input.size() < text.size() && text.starts_with(input);
    is_longer |= input.size() > text.size() + 10;
    is_empty |= input.empty();
    has_odd_byte |= std::any_of(input.begin(), input.end(), [](char c) { return (c & 0x80) != 0; });
    is_mixed |= input.starts_with("one") && input.ends_with("IVE");
  }
  EXPECT_TRUE(has_word && has_prefix && is_longer && is_empty && has_odd_byte && is_mixed);
}

struct Driven {
  ProcessResult result;
  std::string failing_input;  // of the file whose path was printed
};

class Driver : public ::testing::Test {
 protected:
  Driven drive(const std::string& seed, std::vector<std::string> options = {},
               std::map<std::string, std::string> environment = {}) {
    const auto corpus = folder_.write("corpus/seed", seed).parent_path();
    std::vector<std::string> command = {std::getenv("FOLDPERF_BROKEN_FUZZ_TARGET"), "--failures",
                                        (folder_ / "failures").string()};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(corpus.string());
    testing::ProcessOptions process;
    process.environment = std::move(environment);
    Driven driven{testing::run_process(command, process), {}};
    const std::string said = "the failing input is in ";
    const std::size_t start = driven.result.errors.find(said);
    if (start != std::string::npos) {
      const std::size_t path = start + said.size();
      driven.failing_input =
          testing::read_file(driven.result.errors.substr(path, driven.result.errors.find('\n', path) - path));
    }
    return driven;
  }

  TemporaryFolder folder_;
};

TEST_F(Driver, ReplaysInputsThatAreReadOrRefused) {
  const Driven read = drive("good");
  EXPECT_EQ(read.result.exit_code, 0) << read.result.errors;
  EXPECT_THAT(read.result.output, HasSubstr("1 files replayed: 1 read, 0 refused"));
  EXPECT_THAT(drive("refused").result.output, HasSubstr("1 files replayed: 0 read, 1 refused"));
}

TEST_F(Driver, KeepsTheInputOfEveryKindOfFailure) {
  const std::map<std::string, std::string> kinds = {
      {"other file", "names no file: other.txt"},
      {"exception", "an exception of another kind"},
      {"invariant", "this does not hold: an invariant"},
      {"memory", ""},
      {"segmentation fault", ""},
      {"stack overflow", ""},
  };
  for (const auto& [input, message] : kinds) {
    const Driven driven = drive(input);
    EXPECT_NE(driven.result.exit_code, 0) << input;
    EXPECT_EQ(driven.failing_input, input) << driven.result.errors;
    EXPECT_THAT(driven.result.errors, HasSubstr(message));
  }
}

TEST_F(Driver, EndsAnInputThatHangs) {
  const Driven driven = drive("hang", {"--patience", "1"});
  EXPECT_NE(driven.result.exit_code, 0);
  EXPECT_EQ(driven.failing_input, "hang");
  EXPECT_THAT(driven.result.errors, HasSubstr("takes too long"));
}

TEST_F(Driver, FindsAFailureByMutatingAndFindsItAgain) {
  const auto words = folder_.write("words.dict", "\"needle\"\n").string();
  const std::vector<std::string> options = {"--seconds", "3600", "--seed", "5", "--dictionary", words};
  const Driven first = drive("good", options);
  EXPECT_NE(first.result.exit_code, 0);
  EXPECT_THAT(first.failing_input, HasSubstr("needle"));
  EXPECT_THAT(first.result.output, HasSubstr("with seed 5"));
  EXPECT_EQ(drive("good", options).failing_input, first.failing_input);
  EXPECT_NE(drive("good", options, {{"FOLDPERF_FUZZ_SEED", "6"}}).failing_input, first.failing_input);
}

TEST_F(Driver, ObeysTheEnvironmentAndEndsWell) {
  const Driven driven = drive("good", {"--seconds", "3600"}, {{"FOLDPERF_FUZZ_SECONDS", "1"}});
  EXPECT_EQ(driven.result.exit_code, 0) << driven.result.errors;
  EXPECT_THAT(driven.result.output, HasSubstr("mutating for 1 s"));
  EXPECT_THAT(drive("good", {"--seconds", "3600"}, {{"FOLDPERF_FUZZ_SECONDS", "0"}}).result.output,
              HasSubstr("1 files replayed"));
}

TEST_F(Driver, RefusesACorpusThatTestsNothing) {
  const Driven driven = drive("refused", {"--seconds", "1"});
  EXPECT_EQ(driven.result.exit_code, 1);
  EXPECT_THAT(driven.result.errors, HasSubstr("every seed was refused"));
}

TEST_F(Driver, RefusesACommandItDoesNotKnow) {
  EXPECT_EQ(drive("good", {"--second", "1"}).result.exit_code, 2);
  EXPECT_EQ(drive("good", {"--seconds", "1s"}).result.exit_code, 2);
}

}  // namespace
}  // namespace foldperf::fuzz

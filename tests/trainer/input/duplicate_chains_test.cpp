#include "trainer/input/duplicate_chains.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DuplicateChains, AreReadALineASequence) {
  EXPECT_THAT(parse_duplicate_chains("6kwc_A\n3lrm_A 3lrm_B\t3lrm_C \n\n1a8o_A 1ubi_A\r\n", "d.txt"),
              ElementsAre(ElementsAre("3lrm_A", "3lrm_B", "3lrm_C"), ElementsAre("1a8o_A", "1ubi_A")));
}

TEST(DuplicateChains, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(input_error([] { (void)parse_duplicate_chains("1a_A 1b_A\n1c,A 1d_A\n", "d.txt"); }),
              AllOf(HasSubstr("d.txt:2"), HasSubstr("','")));
  EXPECT_THAT(input_error([] { (void)parse_duplicate_chains("1a_A 1b_A\n1b_A 1c_A\n", "d.txt"); }),
              AllOf(HasSubstr("d.txt:2"), HasSubstr("1b_A")));
  EXPECT_THAT(input_error([] { (void)parse_duplicate_chains("\n \n", "d.txt"); }), HasSubstr("names no chain"));
}

TEST(DuplicateChains, ShareTheFilesOfTheOneThatHasThem) {
  const testing::TemporaryFolder folder;
  folder.write("3lrm_B/a.a3m", ">q\nMA\n");
  folder.write("1ubi_A/a.a3m", ">q\nMQ\n");
  folder.write("1a8o_A/a.a3m", ">q\nMD\n");
  const auto store =
      share_alignments(open_alignment_store(folder.path()),
                       parse_duplicate_chains("3lrm_A 3lrm_B 3lrm_C\n1a8o_A 1ubi_A\n9zzz_A 9zzz_B\n", "d.txt"));
  EXPECT_THAT(store->chains(), ElementsAre("1a8o_A", "1ubi_A", "3lrm_A", "3lrm_B", "3lrm_C"));
  EXPECT_TRUE(store->contains("3lrm_C"));
  EXPECT_FALSE(store->contains("9zzz_A"));
  EXPECT_EQ(store->source("3lrm_A"), store->source("3lrm_B"));
  EXPECT_NE(store->source("3lrm_A"), store->source("1ubi_A"));
  EXPECT_THAT(store->file_names("3lrm_A"), ElementsAre("a.a3m"));
  EXPECT_EQ(store->files("3lrm_C").at(0).bytes, ">q\nMA\n");
  EXPECT_EQ(store->files("1ubi_A").at(0).bytes, ">q\nMQ\n") << "its own, where it has some";
  EXPECT_THAT(store->files("9zzz_A"), IsEmpty());
}

}  // namespace
}  // namespace foldperf::trainer

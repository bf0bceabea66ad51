#include "trainer/data/alignment_features.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <filesystem>

#include "tests/support/files.hpp"
#include "tests/trainer/data/checks.hpp"
#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::HasSubstr;
using testing::input_error;

TEST(AlignmentFeatures, TheFirstOfEqualRowsWins) {
  const TensorDict features =
      merge_alignments({parse_a3m(">q\nACD\n>x\nAaC-\n", "1"), parse_stockholm("q ACD\ny AC-\nz A--\n//\n", "2")});
  EXPECT_EQ(features.at("msa").sizes(), at::IntArrayRef({3, 3}));
  EXPECT_EQ(features.at("deletion_matrix_int")[1][1].item<int>(), 1);
  EXPECT_EQ(features.at("num_alignments")[0].item<int>(), 3);
}

TEST(AlignmentFeatures, AChainWithoutAlignmentIsItsOwn) {
  const testing::TemporaryFolder folder;
  folder.write("1abc_A/notes.txt", "no alignment");
  const auto store = open_alignment_store(folder.path());
  for (const char* chain : {"1abc_A", "9zzz_A"})
    EXPECT_EQ(chain_alignment_features(store.get(), chain, "ACDX").at("msa").sizes(), at::IntArrayRef({1, 4}));
  EXPECT_EQ(chain_alignment_features(nullptr, "1abc_A", "ACDX").at("msa").sizes(), at::IntArrayRef({1, 4}));
}

TEST(AlignmentFeatures, AnAlignmentOfAnotherSequenceIsNamed) {
  const testing::TemporaryFolder folder;
  folder.write("1abc_A/a.a3m", ">q\nACD\n");
  const auto store = open_alignment_store(folder.path());
  EXPECT_THAT(input_error([&] { (void)chain_alignment_features(store.get(), "1abc_A", "ACDE"); }),
              ::testing::AllOf(HasSubstr("a.a3m"), HasSubstr("3 residues"), HasSubstr("has 4")));
}

}  // namespace
}  // namespace foldperf::trainer

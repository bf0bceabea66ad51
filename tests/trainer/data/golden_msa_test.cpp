// Alignments read from a3m and Stockholm files, merged, and their profile, against OpenFold.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <sstream>

#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/data/data_files.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/input/alignment_file.hpp"

namespace foldperf::testing {
namespace {

using trainer::TensorDict;

class GoldenMsa : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = load_golden("features", "msa_" + GetParam());
    const auto folder = find_alignments(GetParam());
    ASSERT_TRUE(folder) << "no alignment folder " << GetParam() << " below " << data_dir();
    folder_ = *folder;
    ASSERT_FALSE(alignments_in(folder_).empty()) << folder_ << " has no alignment";
  }
  TensorDict golden_;
  std::filesystem::path folder_;
};

TEST_P(GoldenMsa, FilesAreReadInOpenFoldsOrder) {
  std::vector<std::string> expected;
  std::istringstream order(ascii(golden_.at("merge_order")));
  for (std::string line; std::getline(order, line);) expected.push_back(line);
  std::vector<std::string> names;
  for (const auto& file : alignments_in(folder_)) names.push_back(file.name);
  EXPECT_EQ(names, expected);
}

TEST_P(GoldenMsa, EachFileHasItsRowsAndDeletions) {
  for (const auto& file : alignments_in(folder_)) {
    const TensorDict golden = with_prefix(golden_, "file." + file.name + ".");
    const trainer::Alignment alignment = trainer::parse_alignment(file);
    EXPECT_EQ(static_cast<std::int64_t>(alignment.depth()), golden.at("num_sequences").item<std::int64_t>())
        << file.path;
    if (golden.contains("sequences_ascii")) {
      EXPECT_EQ(alignment.letters, ascii(golden.at("sequences_ascii"))) << file.path;
    }
    if (golden.contains("deletion_matrix")) {
      const at::Tensor& expected = golden.at("deletion_matrix");
      const at::Tensor deletions = torch::zeros(expected.sizes(), torch::kInt32);
      auto counts = deletions.accessor<std::int32_t, 2>();
      for (const trainer::Deletion& deletion : alignment.deletions)
        counts[deletion.row][deletion.column] = deletion.count;
      expect_equal(file.name, deletions, expected);
    }
  }
}

TEST_P(GoldenMsa, MergedRowsAndProfile) {
  std::vector<trainer::Alignment> alignments;
  for (const auto& file : alignments_in(folder_)) alignments.push_back(trainer::parse_alignment(file));
  TensorDict features = trainer::merge_alignments(alignments);
  for (const auto& [name, expected] : with_prefix(golden_, "raw.")) {
    ASSERT_TRUE(features.contains(name)) << name;
    expect_equal(name, features.at(name), expected);
  }
  trainer::correct_msa_restypes(features);
  trainer::make_hhblits_profile(features);
  const TensorDict golden = with_prefix(golden_, "feat.");
  if (golden.contains("msa")) {
    const at::Tensor msa = features.at("msa");
    EXPECT_EQ(msa.scalar_type(), torch::kUInt8);
    expect_equal("msa", msa, golden.at("msa"));
  }
  if (golden.contains("hhblits_profile"))
    expect_close("hhblits_profile", features.at("hhblits_profile"), golden.at("hhblits_profile"), 1e-6);
  if (golden.contains("msa_mask_shape")) {
    expect_equal("msa_mask_shape", torch::tensor(features.at("msa").sizes().vec()), golden.at("msa_mask_shape"));
  }
}

std::vector<std::string> msa_cases() {
  std::vector<std::string> names = discover("features", "msa_");
  for (std::string& name : names) name = name.substr(std::string("msa_").size());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Features, GoldenMsa, ::testing::ValuesIn(msa_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenMsa);

}  // namespace
}  // namespace foldperf::testing

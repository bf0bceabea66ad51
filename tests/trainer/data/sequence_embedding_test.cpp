// Embeddings in place of alignments. tests/data/embeddings has one made up in Python, in the layout of OpenFold's
// precompute_embeddings.py: for the 70 residues of 1a8o_A, four channels, value [i, j] = i + j / 8.
#include "trainer/data/sequence_embedding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/data/checks.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/data/expand_sample.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t length = 70;
constexpr std::int64_t width = 4;

fs::path embeddings() { return testing::project_dir() / "tests" / "data" / "embeddings"; }
fs::path embedding_file() { return embeddings() / "1a8o_A" / "1a8o_A.pt"; }

at::Tensor made_up_values() {
  return torch::arange(length, torch::kFloat32).unsqueeze(1) + torch::arange(width, torch::kFloat32) / 8;
}

// A file of torch.save's format with this layer 33.
fs::path write_embedding(const TemporaryFolder& folder, const std::string& name, const at::Tensor& values,
                         std::int64_t layer = 33) {
  c10::Dict<std::int64_t, at::Tensor> layers;
  layers.insert(layer, values);
  c10::Dict<std::string, c10::Dict<std::int64_t, at::Tensor>> file;
  file.insert("representations", layers);
  const std::vector<char> bytes = torch::pickle_save(c10::IValue(file));
  return folder.write(name, std::string(bytes.begin(), bytes.end()));
}

DataConfig seqemb_config() {
  DataConfig config;
  config.seqemb_mode.enabled = true;
  config.seqemb_mode.preembedding_dim = width;
  config.source.train_data_dir = testing::samples_dir().string();
  config.source.train_alignment_dir = embeddings().string();
  config.source.train_chains = {"1a8o_A"};
  config.train.crop_size = 32;
  config.train.max_msa_clusters = 1;
  config.train.max_distillation_msa_clusters = 1;
  config.train.block_delete_msa = false;
  config.train.uniform_recycling = false;
  config.eval.max_msa_clusters = 1;
  config.common.max_recycling_iters = 1;
  return config;
}

TensorDict load(const DataConfig& config, DataMode mode = DataMode::train) {
  return expand(ChainDataset(training_sets(config), config, mode).load(0, 0, {3, 0, 0}).sample, at::kCPU);
}

TEST(SequenceEmbedding, IsReadFromAFileThatPythonWrote) {
  const at::Tensor values = read_sequence_embedding(embedding_file(), length, width);
  EXPECT_EQ(values.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(torch::equal(values, made_up_values()));
}

TEST(SequenceEmbedding, HalfPrecisionBecomesSingle) {
  const TemporaryFolder folder;
  const fs::path file = write_embedding(folder, "a.pt", made_up_values().to(torch::kHalf));
  const at::Tensor values = read_sequence_embedding(file, length, width);
  EXPECT_EQ(values.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(torch::equal(values, made_up_values().to(torch::kHalf).to(torch::kFloat32)));
}

TEST(SequenceEmbedding, ComesWithTheSequenceAsTheOnlyRow) {
  const TensorDict features =
      sequence_embedding_features(embeddings() / "1a8o_A", "1a8o_A", std::string(length, 'A'), width);
  EXPECT_EQ(features.at("msa").sizes(), at::IntArrayRef({1, length}));
  EXPECT_EQ(features.at("deletion_matrix_int").abs().sum().item<std::int64_t>(), 0);
  EXPECT_EQ(features.at("num_alignments")[0].item<std::int64_t>(), 1);
  EXPECT_TRUE(torch::equal(features.at("seq_embedding"), made_up_values()));
}

TEST(SequenceEmbedding, ASampleHasItsCrop) {
  const TensorDict batch = load(seqemb_config());
  const at::Tensor& embedding = batch.at("seq_embedding");
  EXPECT_EQ(embedding.sizes(), at::IntArrayRef({1, 32, width, 2}));
  EXPECT_EQ(batch.at("msa_feat").sizes(), at::IntArrayRef({1, 1, 32, 49, 2}));
  for (std::int64_t pass = 0; pass < 2; ++pass) {
    const at::Tensor residues = batch.at("residue_index").select(-1, pass)[0];
    EXPECT_TRUE(torch::equal(embedding.select(-1, pass)[0], made_up_values().index_select(0, residues)));
  }
}

TEST(SequenceEmbedding, IsPaddedWithZeros) {
  DataConfig config = seqemb_config();
  config.train.crop_size = 100;
  const at::Tensor embedding = load(config).at("seq_embedding").select(-1, 0)[0];
  EXPECT_EQ(embedding.sizes(), at::IntArrayRef({100, width}));
  EXPECT_TRUE(torch::equal(embedding.narrow(0, 0, length), made_up_values()));
  EXPECT_EQ(embedding.narrow(0, length, 30).abs().sum().item<float>(), 0.0F);
}

TEST(SequenceEmbedding, EvaluationHasTheWholeChain) {
  const at::Tensor embedding = load(seqemb_config(), DataMode::eval).at("seq_embedding").select(-1, 0)[0];
  EXPECT_TRUE(torch::equal(embedding, made_up_values()));
}

TEST(SequenceEmbedding, OtherModesHaveNone) {
  DataConfig config = seqemb_config();
  config.seqemb_mode.enabled = false;
  EXPECT_FALSE(load(config).contains("seq_embedding"));
}

TEST(SequenceEmbeddingFile, OfAnotherNameIsTakenWhereItIsTheOnlyOne) {
  const TemporaryFolder folder;
  const fs::path only = folder.write("other.pt", "x");
  folder.write("hits.hhr", "x");
  EXPECT_EQ(sequence_embedding_file(folder.path(), "1abc_A"), only);
  folder.write("third.pt", "x");
  EXPECT_THAT(input_error([&] { (void)sequence_embedding_file(folder.path(), "1abc_A"); }),
              AllOf(HasSubstr(folder.path().string()), HasSubstr("other.pt, third.pt"), HasSubstr("1abc_A.pt")));
  const fs::path own = folder.write("1abc_A.pt", "x");
  EXPECT_EQ(sequence_embedding_file(folder.path(), "1abc_A"), own);
}

TEST(SequenceEmbeddingFile, ThatIsMissingIsNamedWithWhatToDo) {
  DataConfig config = seqemb_config();
  config.source.train_chains = {"1a7g_E"};
  EXPECT_THAT(
      input_error([&] { (void)load(config); }),
      AllOf(HasSubstr((embeddings() / "1a7g_E" / "1a7g_E.pt").string()), HasSubstr("precompute_embeddings.py")));
}

TEST(SequenceEmbeddingFile, ThatIsNotOneIsNamed) {
  const TemporaryFolder folder;
  const auto message = [&](const fs::path& file) {
    return input_error([&] { (void)read_sequence_embedding(file, length, width); });
  };
  const fs::path text = folder.write("text.pt", "not a pickle");
  EXPECT_THAT(message(text), AllOf(HasSubstr(text.string()), HasSubstr("torch.save")));
  const std::string whole = testing::read_file(embedding_file());
  const fs::path cut = folder.write("cut.pt", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(message(cut), AllOf(HasSubstr(cut.string()), HasSubstr("damaged")));
  const fs::path layer = write_embedding(folder, "layer.pt", made_up_values(), 12);
  EXPECT_THAT(message(layer), AllOf(HasSubstr(layer.string()), HasSubstr("\"representations\"[33]")));
  const fs::path longer = write_embedding(folder, "longer.pt", torch::zeros({length + 2, width}));
  EXPECT_THAT(message(longer), AllOf(HasSubstr(longer.string()), HasSubstr("[72, 4]"), HasSubstr("[70, 4]")));
  const fs::path wider = write_embedding(folder, "wider.pt", torch::zeros({length, 2560}));
  EXPECT_THAT(message(wider), HasSubstr("[70, 2560]"));
  const fs::path whole_numbers = write_embedding(folder, "whole.pt", torch::zeros({length, width}, torch::kInt64));
  EXPECT_THAT(message(whole_numbers), HasSubstr("floating-point"));
  const fs::path infinite = write_embedding(folder, "infinite.pt", made_up_values().div(0));
  EXPECT_THAT(message(infinite), HasSubstr("not finite"));
}

TEST(SequenceEmbeddingFolder, HasToBeSet) {
  DataConfig config = seqemb_config();
  config.source.train_alignment_dir.clear();
  const auto expect_named = [&](const char* name, auto chains) {
    try {
      (void)chains(config);
      FAIL() << "no exception";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  };
  expect_named("data.source.train_alignment_dir", training_sets);
  config.source.val_data_dir = config.source.train_data_dir;
  expect_named("data.source.val_alignment_dir", validation_set);
}

}  // namespace
}  // namespace foldperf::trainer

// The parameters of the full-sized model: names, shapes and starting values are OpenFold's.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/golden.hpp"
#include "trainer/model/alphafold.hpp"

namespace foldperf::testing {
namespace {

using namespace trainer;

using Row = std::vector<std::string>;
using Groups = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;  // tensors, parameters

std::vector<Row> read_table(const std::string& name) {
  std::ifstream file(golden_file_or_default(name));
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    Row row;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
    rows.push_back(row);
  }
  return rows;
}

std::string shape_text(const at::Tensor& tensor) {
  std::ostringstream text;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) {
    if (i > 0) text << ',';
    text << tensor.size(i);
  }
  return text.str();
}

// The part of a parameter's name that the manifest counts by: one level, or two where the first is a collection.
std::string group_of(const std::string& name) {
  std::istringstream levels(name);
  std::string top, next;
  std::getline(levels, top, '.');
  std::getline(levels, next, '.');
  if (top != "structure_module" && top != "aux_heads" && top != "template_embedder") return top;
  return top.append(".").append(next);
}

Groups count_groups(AlphaFold& model) {
  Groups groups;
  for (const auto& item : model->named_parameters()) {
    auto& [tensors, parameters] = groups[group_of(item.key())];
    ++tensors;
    parameters += item.value().numel();
  }
  return groups;
}

Groups expected_groups(const nlohmann::json& entry) {
  Groups groups;
  for (const auto& [name, counts] : entry.at("groups").items()) {
    groups[name] = {counts.at(0).get<std::int64_t>(), counts.at(1).get<std::int64_t>()};
  }
  return groups;
}

class InitialTrainingModel : public ::testing::Test {
 protected:
  // 93 million parameters: built once.
  static void SetUpTestSuite() {
    torch::manual_seed(1);
    model_ = new AlphaFold(ModelConfig{});
  }
  static void TearDownTestSuite() {
    delete model_;
    model_ = nullptr;
  }
  static AlphaFold& model() { return *model_; }

 private:
  inline static AlphaFold* model_ = nullptr;
};

TEST_F(InitialTrainingModel, HasOpenFoldsParameters) {
  std::map<std::string, std::string> expected;
  for (const Row& row : read_table("initial_training_parameters.tsv")) {
    ASSERT_EQ(row.size(), 2U);
    expected[row[0]] = row[1];
  }
  ASSERT_FALSE(expected.empty());
  std::map<std::string, std::string> actual;
  for (const auto& item : model()->named_parameters()) actual[item.key()] = shape_text(item.value());
  for (const auto& [name, shape] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      ADD_FAILURE() << "no parameter " << name;
    } else {
      EXPECT_EQ(found->second, shape) << name;
    }
  }
  for (const auto& [name, shape] : actual) EXPECT_TRUE(expected.count(name)) << "OpenFold has no parameter " << name;
  EXPECT_TRUE(model()->named_buffers().is_empty()) << "buffers would be written into checkpoints";
}

TEST_F(InitialTrainingModel, StartsFromOpenFoldsDistributions) {
  const auto parameters = model()->named_parameters();
  auto rows = read_table("initial_training_init_statistics.tsv");
  ASSERT_GT(rows.size(), 1U);
  rows.erase(rows.begin());
  for (const Row& row : rows) {
    ASSERT_EQ(row.size(), 6U);
    const at::Tensor* parameter = parameters.find(row[0]);
    ASSERT_NE(parameter, nullptr) << row[0];
    const double mean = std::stod(row[2]), deviation = std::stod(row[3]);
    const double low = std::stod(row[4]), high = std::stod(row[5]);
    const at::Tensor values = parameter->detach().to(torch::kFloat64);
    if (low == high) {
      EXPECT_NEAR(values.min().item<double>(), low, 1e-5) << row[0];
      EXPECT_NEAR(values.max().item<double>(), high, 1e-5) << row[0];
      continue;
    }
    // Both are samples: five standard errors of their difference.
    const auto count = static_cast<double>(values.numel());
    EXPECT_NEAR(values.mean().item<double>(), mean, 5 * deviation * std::sqrt(2 / count)) << row[0] << ": mean";
    EXPECT_NEAR(values.std(false).item<double>(), deviation, 5 * deviation * std::sqrt(1 / count)) << row[0] << ": std";
    // Uniform and truncated-normal values end at a bound, which many samples come close to.
    const bool bounded = std::max(-low, high) < 2.4 * deviation;
    if (count >= 1000 && bounded) {
      EXPECT_NEAR(values.min().item<double>(), low, -0.1 * low) << row[0] << ": min";
      EXPECT_NEAR(values.max().item<double>(), high, 0.1 * high) << row[0] << ": max";
    }
  }
}

TEST_F(InitialTrainingModel, PresetsDifferInTemplatesAndTmHead) {
  const auto presets = manifest().find("parameters");
  if (presets == manifest().end()) GTEST_SKIP() << "the golden folder counts no parameters";
  const Groups full = count_groups(model());
  for (const auto& [preset, entry] : presets->items()) {
    SCOPED_TRACE(preset);
    const Groups expected = expected_groups(entry);
    // Only the groups tell the presets apart; the Evoformer's 48 blocks, the same in all, need not be built again.
    ModelConfig config;
    config.evoformer_stack.no_blocks = 1;
    config.heads.tm.enabled = expected.count("aux_heads.tm") != 0;
    config.template_.enabled = expected.count("template_embedder.template_pair_stack") != 0;
    AlphaFold small(config);
    Groups actual = count_groups(small);
    actual["evoformer"] = full.at("evoformer");
    EXPECT_EQ(actual, expected);
    std::int64_t tensors = 0, parameters = 0;
    for (const auto& [name, counts] : actual) {
      tensors += counts.first;
      parameters += counts.second;
    }
    EXPECT_EQ(tensors, entry.at("tensors").get<std::int64_t>());
    EXPECT_EQ(parameters, entry.at("parameters").get<std::int64_t>());
  }
}

}  // namespace
}  // namespace foldperf::testing

// Template hits, the templates made of them and their features, against OpenFold.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/data/data_files.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/data/template_features.hpp"
#include "trainer/input/alignment_file.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/template_search.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/model/template_features.hpp"

namespace foldperf::testing {
namespace {

using trainer::TensorDict;

class GoldenTemplates : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = load_golden("features", "templates_" + GetParam());
    const auto folder = find_alignments(GetParam());
    ASSERT_TRUE(folder) << data_dir() << " has no alignments/" << GetParam();
    for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
      const std::string name = entry.path().filename().string();
      if (name.size() < 4 || name.substr(name.size() - 4) != ".hhr") continue;
      ASSERT_TRUE(hits_.empty()) << *folder << " has several hhr files";
      hits_ = trainer::parse_hhr(trainer::read_text_file(entry.path()), entry.path().string());
    }
    for (const auto& file : alignments_in(*folder)) {
      const std::string first(trainer::parse_alignment(file).row(0));
      ASSERT_TRUE(query_.empty() || query_ == first) << file.path << " has another query";
      query_ = first;
    }
    const nlohmann::json entry = manifest_entry(golden_dir() / "features" / ("templates_" + GetParam() + ".pt"));
    for (const auto& [name, limits] : entry.items()) {
      if (limits.is_object() && limits.contains("max_template_date")) cases_[name] = limits;
    }
  }

  [[nodiscard]] trainer::TemplateSearchResult search(const nlohmann::json& limits) const {
    trainer::TemplateSearchOptions options;
    options.max_template_date = limits.at("max_template_date").get<std::string>();
    options.max_hits = limits.at("max_hits").get<std::size_t>();
    const auto lookup = [](const std::string& entry) -> std::shared_ptr<const trainer::StructureEntry> {
      const auto path = find_structure(entry);
      trainer::StructureOptions structure_options;
      structure_options.repeat_heterogeneous_residues = true;
      return path ? std::make_shared<trainer::StructureEntry>(trainer::read_structure(*path, structure_options))
                  : nullptr;
    };
    return trainer::find_templates(query_, hits_, lookup, options);
  }

  TensorDict golden_;
  std::string query_;
  std::vector<trainer::TemplateHit> hits_;
  std::map<std::string, nlohmann::json> cases_;  // limits by name
};

template <typename Value>
at::Tensor as_int64(const std::vector<Value>& values) {
  return torch::tensor(std::vector<std::int64_t>(values.begin(), values.end()));
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

TEST_P(GoldenTemplates, HitsAreThoseOfOpenFold) {
  const TensorDict golden = with_prefix(golden_, "hits.");
  ASSERT_EQ(static_cast<std::int64_t>(hits_.size()), golden.at("count").item<std::int64_t>());
  ASSERT_FALSE(hits_.empty());
  std::size_t compared = 1;  // the count
  for (const trainer::TemplateHit& hit : hits_) {
    const TensorDict expected = with_prefix(golden, std::to_string(hit.index) + ".");
    SCOPED_TRACE(hit.name);
    EXPECT_EQ(hit.name, ascii(expected.at("name")));
    EXPECT_EQ(hit.aligned_cols, expected.at("aligned_cols").item<std::int64_t>());
    EXPECT_EQ(static_cast<float>(hit.sum_probs), expected.at("sum_probs").item<float>());
    EXPECT_EQ(hit.query, ascii(expected.at("query")));
    EXPECT_EQ(hit.hit_sequence, ascii(expected.at("hit_sequence")));
    expect_equal("indices_query", as_int64(hit.indices_query), expected.at("indices_query"));
    expect_equal("indices_hit", as_int64(hit.indices_hit), expected.at("indices_hit"));
    compared += 7;
  }
  EXPECT_EQ(compared, golden.size()) << "the file has hits that were not compared";
}

TEST_P(GoldenTemplates, RawFeaturesAreThoseOfOpenFold) {
  ASSERT_FALSE(cases_.empty()) << "the manifest names no case";
  for (const auto& [name, limits] : cases_) {
    SCOPED_TRACE(name);
    const trainer::TemplateSearchResult found = search(limits);
    std::vector<std::string> domains, sequences;
    for (const trainer::Template& one : found.templates) {
      domains.push_back(one.domain);
      sequences.push_back(one.sequence);
    }
    EXPECT_EQ(domains, limits.at("templates").get<std::vector<std::string>>());
    const TensorDict golden = with_prefix(golden_, name + ".");
    EXPECT_EQ(joined(domains), ascii(golden.at("template_domain_names")));
    EXPECT_EQ(joined(sequences), ascii(golden.at("template_sequence")));
    const TensorDict raw = with_prefix(golden, "raw.");
    ASSERT_FALSE(raw.empty());
    const TensorDict features =
        trainer::template_raw_features(found.templates, static_cast<std::int64_t>(query_.size()));
    for (const auto& [feature, expected] : raw) {
      ASSERT_TRUE(features.contains(feature)) << feature;
      EXPECT_EQ(features.at(feature).scalar_type(), expected.scalar_type()) << feature;
      expect_equal(feature, features.at(feature), expected);
    }
    // Hits that OpenFold warns of are left out here, and said to be.
    for (const nlohmann::json& warning : limits.value("warnings", nlohmann::json::array())) {
      const std::string chain = warning.get<std::string>().substr(0, 6);  // "5kc1_F (sum_probs: ..."
      bool is_named = false;
      for (const trainer::LeftOutHit& hit : found.left_out) {
        const auto source = trainer::source_of_hit(hit.name);
        is_named = is_named || (source && source->entry + "_" + source->chain == chain);
      }
      EXPECT_TRUE(is_named) << warning;
    }
  }
}

TEST_P(GoldenTemplates, TransformsAreThoseOfOpenFold) {
  ASSERT_FALSE(cases_.empty()) << "the manifest names no case";
  trainer::DataConfig config;
  const trainer::FeaturePipeline pipeline(config, trainer::DataMode::train);
  for (const auto& [name, limits] : cases_) {
    SCOPED_TRACE(name);
    const TensorDict golden = with_prefix(golden_, name + ".feat.");
    ASSERT_FALSE(golden.empty());
    TensorDict raw = trainer::sequence_features(query_);
    for (const auto& [feature, tensor] :
         trainer::template_raw_features(search(limits).templates, static_cast<std::int64_t>(query_.size()))) {
      raw[feature] = tensor;
    }
    const TensorDict features = pipeline.fixed_transforms(raw);
    const at::Tensor angles_exist = golden.at("template_torsion_angles_mask");
    for (const auto& [feature, expected] : golden) {
      SCOPED_TRACE(feature);
      if (feature == "template_angle_feat") {
        expect_close(feature, trainer::build_template_angle_feat(features), expected, element_wise_limit);
      } else if (feature == "template_pair_feat_first_template_first_40") {
        TensorDict part;
        for (const auto& [key, tensor] : features) {
          if (key.rfind("template_", 0) == 0 && tensor.dim() >= 2 && key != "template_sum_probs") {
            part[key] = tensor.select(0, 0).narrow(0, 0, expected.size(0));
          }
        }
        expect_close(feature, trainer::build_template_pair_feat(part, trainer::TemplateConfig{}), expected,
                     element_wise_limit);
      } else {
        ASSERT_TRUE(features.contains(feature));
        EXPECT_EQ(features.at(feature).scalar_type(), expected.scalar_type());
        const bool is_angle = feature.find("sin_cos") != std::string::npos;
        // Where an angle is not defined, its values mean nothing.
        if (is_angle) {
          expect_close(feature, features.at(feature), expected, element_wise_limit, angles_exist);
        } else {
          expect_equal(feature, features.at(feature), expected);
        }
      }
    }
  }
}

TEST_P(GoldenTemplates, TheyReachTheSample) {
  ASSERT_FALSE(cases_.empty()) << "the manifest names no case";
  const auto length = static_cast<std::int64_t>(query_.size());
  TensorDict raw = trainer::sequence_features(query_);
  for (const auto& [feature, tensor] : alignment_features_in(*find_alignments(GetParam()), query_)) {
    raw[feature] = tensor;
  }
  const auto templates = search(cases_.begin()->second).templates;
  for (const auto& [feature, tensor] : trainer::template_raw_features(templates, length)) raw[feature] = tensor;
  const auto count = static_cast<std::int64_t>(templates.size());
  trainer::DataConfig config;
  config.train.subsample_templates = false;
  config.train.crop_size = length + 10;
  config.train.max_templates = count + 1;
  const auto sample = [&] {
    const trainer::FeaturePipeline pipeline(config, trainer::DataMode::train);
    return pipeline.sample(pipeline.fixed_transforms(raw), {1, 2, 3});
  };
  const TensorDict padded = sample();
  const at::Tensor types = padded.at("template_aatype").select(-1, 0);
  ASSERT_EQ(types.sizes(), at::IntArrayRef({1, count + 1, length + 10}));
  expect_equal("template_aatype", types[0].narrow(0, 0, count).narrow(1, 0, length),
               with_prefix(golden_, cases_.begin()->first + ".feat.").at("template_aatype"));
  EXPECT_EQ(padded.at("template_mask").select(-1, 0).sum().item<std::int64_t>(), count);

  config.train.fixed_size = false;
  config.train.max_templates = 1;
  EXPECT_EQ(sample().at("template_all_atom_positions").size(1), 1);

  config.common.use_templates = false;
  for (const auto& [feature, tensor] : sample()) EXPECT_NE(feature.rfind("template_", 0), 0U) << feature;
}

std::vector<std::string> template_cases() {
  std::vector<std::string> names = discover("features", "templates_");
  for (std::string& name : names) name = name.substr(std::string("templates_").size());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Features, GoldenTemplates, ::testing::ValuesIn(template_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTemplates);

}  // namespace
}  // namespace foldperf::testing

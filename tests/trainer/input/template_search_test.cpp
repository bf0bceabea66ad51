// Which hits become templates, in which order, and where their atoms go.
#include "trainer/input/template_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.hpp"
#include "tests/trainer/input/hhr_text.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::HitText;
using ::foldperf::testing::to_hhr;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string query = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ";
const std::string unlike = "GGWWPPCCHHDDNNTTSSYY";

// Every residue has five atoms; their x is the residue's number.
ProteinChain chain_of(const std::string& id, const std::string& sequence, const std::string& date = "2001-01-01") {
  ProteinChain chain;
  chain.entry = "test";
  chain.chain = id;
  chain.sequence = sequence;
  chain.release_date = date;
  chain.atom_positions.assign(sequence.size() * atom37_count * 3, 0);
  chain.atom_mask.assign(sequence.size() * atom37_count, 0);
  chain.is_missing.assign(sequence.size(), 0);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    for (std::size_t slot = 0; slot < 5; ++slot) {
      chain.atom_mask[i * atom37_count + slot] = 1;
      chain.atom_positions[(i * atom37_count + slot) * 3] = static_cast<float>(i);
    }
  }
  return chain;
}

HitText hit_of(const std::string& name, const std::string& sequence, const std::string& sum_probs = "10.0",
               std::size_t query_start = 3) {
  HitText hit;
  hit.name = name;
  hit.query = query.substr(query_start, sequence.size());
  hit.hit = sequence;
  hit.query_start = static_cast<int>(query_start) + 1;
  hit.sum_probs = sum_probs;
  return hit;
}

class TemplateSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.max_template_date = "2020-12-31";
    options_.zero_center_positions = false;
  }

  void add(const std::string& entry, std::vector<ProteinChain> chains) {
    const auto made = std::make_shared<StructureEntry>();
    made->path = entry + ".cif";
    made->entry = entry;
    made->chains = std::move(chains);
    entries_[entry] = made;
  }

  TemplateSearchResult search(const std::vector<HitText>& hits) {
    const auto parsed = parse_hhr(to_hhr(hits, static_cast<int>(query.size())), "x.hhr");
    const auto lookup = [this](const std::string& entry) -> std::shared_ptr<const StructureEntry> {
      asked_.push_back(entry);
      const auto found = entries_.find(entry);
      return found == entries_.end() ? nullptr : found->second;
    };
    return find_templates(query, parsed, lookup, options_);
  }

  std::string reason(const HitText& hit) {
    const auto result = search({hit});
    EXPECT_THAT(result.templates, IsEmpty());
    return result.left_out.empty() ? "" : result.left_out.front().reason;
  }

  static std::vector<std::string> domains(const TemplateSearchResult& result) {
    std::vector<std::string> names;
    for (const Template& found : result.templates) names.push_back(found.domain);
    return names;
  }

  TemplateSearchOptions options_;
  std::map<std::string, std::shared_ptr<const StructureEntry>> entries_;
  std::vector<std::string> asked_;
};

float x_at(const Template& found, std::size_t residue) {
  return found.atom_positions[(residue * atom37_count + atom37::ca) * 3];
}

TEST_F(TemplateSearch, AtomsLieAtTheAlignedResidues) {
  add("1abc", {chain_of("A", "MM" + unlike)});
  HitText hit = hit_of("1ABC_A x", unlike.substr(0, 12));
  hit.query = query.substr(3, 5) + "-" + query.substr(8, 6);
  hit.hit = unlike.substr(0, 7) + "-" + unlike.substr(7, 4);
  const auto result = search({hit});
  ASSERT_THAT(result.templates, SizeIs(1));
  const Template& found = result.templates.front();
  EXPECT_EQ(found.domain, "1abc_A");
  // Column 5 is a gap of the query, column 7 one of the template.
  EXPECT_EQ(found.sequence, "---" + unlike.substr(0, 5) + unlike.substr(6, 1) + "-" + unlike.substr(7, 4) +
                                std::string(query.size() - 14, '-'));
  EXPECT_EQ(x_at(found, 3), 2);
  EXPECT_EQ(x_at(found, 8), 8);
  EXPECT_EQ(x_at(found, 10), 9);
  EXPECT_EQ(found.atom_mask[9 * atom37_count], 0);
  EXPECT_EQ(found.atom_mask[10 * atom37_count], 1);
  EXPECT_FLOAT_EQ(found.sum_probs, 10.0F);
  EXPECT_FALSE(found.was_realigned);
}

TEST_F(TemplateSearch, ThePrefilterReadsNoStructure) {
  EXPECT_THAT(reason(hit_of("abcde x", unlike)), HasSubstr("1abc_A"));
  EXPECT_THAT(reason(hit_of("1abc_A", "GWP")), HasSubstr("only 3 of"));
  EXPECT_THAT(reason(hit_of("1abc_A", "GGWWPPCCH")), HasSubstr("only 9 residues"));
  EXPECT_THAT(reason(hit_of("1abc_A", query, "10.0", 0)), HasSubstr("that of the query"));
  options_.release_date = [](const std::string& entry) {
    EXPECT_EQ(entry, "1abc");
    return std::optional<std::string>("2021-01-01");
  };
  EXPECT_THAT(reason(hit_of("1ABC_A", unlike)), HasSubstr("2021-01-01"));
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(TemplateSearch, TheDateInTheFileCounts) {
  add("1new", {chain_of("A", unlike, "2021-01-01")});
  add("1sam", {chain_of("A", unlike, "2020-12-31")});
  add("1non", {chain_of("A", unlike, "")});
  EXPECT_THAT(reason(hit_of("1new_A", unlike)), HasSubstr("after the limit 2020-12-31"));
  EXPECT_THAT(reason(hit_of("1non_A", unlike)), HasSubstr("no release date"));
  EXPECT_THAT(search({hit_of("1sam_A", unlike)}).templates, SizeIs(1));
}

TEST_F(TemplateSearch, WhatCannotBeReadIsLeftOut) {
  EXPECT_THAT(reason(hit_of("1abc_A", unlike)), HasSubstr("no structure file of 1abc"));
  add("1dna", {});
  EXPECT_THAT(reason(hit_of("1dna_A", unlike)), HasSubstr("no protein chain"));
  const auto hits = parse_hhr(to_hhr({hit_of("1abc_A", unlike)}, 33), "x.hhr");
  const auto result = find_templates(
      query, hits,
      [](const std::string&) -> std::shared_ptr<const StructureEntry> { throw InputError("1abc.cif", 7, "damaged"); },
      options_);
  EXPECT_THAT(result.left_out.at(0).reason, HasSubstr("1abc.cif:7: damaged"));
}

TEST_F(TemplateSearch, ObsoleteEntriesAreReplaced) {
  add("2new", {chain_of("A", unlike)});
  options_.replacement = [](const std::string& entry) {
    return entry == "1old" ? std::optional<std::string>("2new") : std::nullopt;
  };
  EXPECT_THAT(domains(search({hit_of("1OLD_A", unlike)})), ElementsAre("2new_A"));
}

TEST_F(TemplateSearch, HitsAreTakenByDecreasingSumProbs) {
  std::vector<HitText> hits;
  const std::vector<std::string> scores = {"5", "7", "7", "9"};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::string entry = "1ab" + std::to_string(i);
    add(entry, {chain_of("A", unlike)});
    hits.push_back(hit_of(entry + "_A", unlike.substr(i, 12), scores[i]));
  }
  EXPECT_THAT(domains(search(hits)), ElementsAre("1ab3_A", "1ab1_A", "1ab2_A", "1ab0_A"));
  options_.max_hits = 2;
  EXPECT_THAT(domains(search(hits)), ElementsAre("1ab3_A", "1ab1_A"));
  options_.max_hits = 4;
  options_.shuffle_top_k = 3;
  options_.permutation = [](std::size_t n) {
    EXPECT_EQ(n, 3U);
    return std::vector<std::size_t>{2, 0, 1};
  };
  EXPECT_THAT(domains(search(hits)), ElementsAre("1ab2_A", "1ab3_A", "1ab1_A", "1ab0_A"));
  options_.permutation = [](std::size_t) { return std::vector<std::size_t>{0, 0, 1}; };
  EXPECT_THROW(search(hits), Error);
}

TEST_F(TemplateSearch, TheSameAlignedSequenceIsTakenOnce) {
  add("1abc", {chain_of("A", unlike)});
  add("1abd", {chain_of("A", unlike)});
  const auto result = search({hit_of("1abc_A", unlike), hit_of("1abd_A", unlike, "9.0")});
  EXPECT_THAT(domains(result), ElementsAre("1abc_A"));
  EXPECT_THAT(result.left_out.at(0).reason, HasSubstr("same aligned sequence"));
  EXPECT_EQ(result.left_out.at(0).name, "1abd_A");
}

TEST_F(TemplateSearch, TheChainIsFoundByNameThenBySequenceThenWithWildcards) {
  add("1abc", {chain_of("A", unlike), chain_of("B", "MMM" + unlike)});
  EXPECT_THAT(domains(search({hit_of("1abc_B", unlike)})), ElementsAre("1abc_B"));
  EXPECT_THAT(domains(search({hit_of("1abc_C", unlike)})), ElementsAre("1abc_A"));
  std::string wild = unlike;
  wild[4] = 'X';
  wild[9] = 'X';
  const auto result = search({hit_of("1abc_A", wild)});
  EXPECT_THAT(domains(result), ElementsAre("1abc_A"));
  EXPECT_EQ(result.templates.at(0).sequence.substr(3, 20), wild);
  add("1abx", {chain_of("A", "GG" + wild)});
  const auto other = search({hit_of("1abx_A", unlike)});
  EXPECT_THAT(domains(other), ElementsAre("1abx_A"));
  EXPECT_EQ(x_at(other.templates.at(0), 3), 2);
}

TEST_F(TemplateSearch, ChainsOfOtherNamesAreTriedInTheFilesOrder) {
  std::vector<ProteinChain> chains = {chain_of("A", unlike), chain_of("B", unlike), chain_of("C", unlike)};
  chains[0].place = 2;
  chains[2].place = 1;
  add("1abc", chains);
  EXPECT_THAT(domains(search({hit_of("1abc_Z", unlike)})), ElementsAre("1abc_B"));
}

TEST_F(TemplateSearch, AnotherVersionOfTheSequenceIsRealigned) {
  // The file has a residue more in the middle and another at the end.
  std::string changed = "MMM" + unlike.substr(0, 10) + "A" + unlike.substr(10);
  changed.back() = 'A';
  add("1abc", {chain_of("A", changed)});
  const auto result = search({hit_of("1abc_A", unlike)});
  ASSERT_THAT(result.templates, SizeIs(1));
  const Template& found = result.templates.front();
  EXPECT_TRUE(found.was_realigned);
  EXPECT_EQ(found.sequence.substr(3, 19), unlike.substr(0, 19));
  EXPECT_EQ(found.sequence[22], 'A');
  EXPECT_EQ(x_at(found, 3), 3);
  EXPECT_EQ(x_at(found, 13), 14);
  add("1abd", {chain_of("A", "MKVLAAGIVGLLLAQWMKVLA")});
  EXPECT_THAT(reason(hit_of("1abd_A", unlike)), HasSubstr("differs"));
  add("1abe", {chain_of("B", changed)});
  EXPECT_THAT(reason(hit_of("1abe_A", unlike)), HasSubstr("no protein chain A"));
}

TEST(Realign, GapsAreWhereTheyBelong) {
  const auto partners = realign("ACDEFGHIKLMNPQRSTVWY", "GGGACDEFGHIKMNPQRSTVWY");
  ASSERT_TRUE(partners);
  EXPECT_EQ(partners->at(0), 3);
  EXPECT_EQ(partners->at(8), 11);
  EXPECT_EQ(partners->at(9), -1);
  EXPECT_EQ(partners->at(10), 12);
  EXPECT_TRUE(realign("ACDEFGHIKL", "ACDEFGHIKX"));
  EXPECT_FALSE(realign("ACDEFGHIKL", "ACDEFGHIXX"));
  EXPECT_FALSE(realign("", "ACD"));
}

TEST_F(TemplateSearch, PositionsAreCentredOnTheWholeChain) {
  options_.zero_center_positions = true;
  add("1abc", {chain_of("A", unlike + "MMMMM")});
  const auto result = search({hit_of("1abc_A", unlike)});
  ASSERT_THAT(result.templates, SizeIs(1));
  EXPECT_EQ(x_at(result.templates.front(), 3), -12);
  EXPECT_EQ(x_at(result.templates.front(), 0), 0);
}

TEST_F(TemplateSearch, ChainsWithoutUsableAtomsAreLeftOut) {
  ProteinChain chain = chain_of("A", "MMM" + unlike);
  std::fill(chain.atom_mask.begin() + 3 * atom37_count, chain.atom_mask.end(), 0.0F);
  add("1abc", {chain});
  EXPECT_THAT(reason(hit_of("1abc_A", unlike)), HasSubstr("no atoms are resolved"));
  chain = chain_of("A", unlike);
  for (std::size_t i = 7 * atom37_count; i < 20 * atom37_count; ++i) chain.atom_positions[i * 3 + 1] = 151;
  add("1abd", {chain});
  EXPECT_THAT(reason(hit_of("1abd_A", unlike)), HasSubstr("residues 7 and 8"));
}

TEST_F(TemplateSearch, AHitOfAnotherQueryIsLeftOut) {
  add("1abc", {chain_of("A", unlike)});
  HitText hit = hit_of("1abc_A", unlike);
  hit.query = std::string(20, 'W');
  EXPECT_THAT(reason(hit), HasSubstr("laid over the query"));
}

TEST_F(TemplateSearch, TheLimitMustBeADate) {
  options_.max_template_date = "31.12.2020";
  EXPECT_THROW(search({}), UsageError);
}

}  // namespace
}  // namespace foldperf::trainer

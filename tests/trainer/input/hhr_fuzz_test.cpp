// Damaged hhr files must give either hits that fit together or an InputError, and searching with them must end.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/trainer/input/fuzzing.hpp"
#include "tests/trainer/input/hhr_text.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/template_search.hpp"

namespace foldperf::trainer {
namespace {

using testing::HitText;

TEST(Fuzz, Hhr) {
  const std::string query = "ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY";
  std::vector<HitText> texts(6);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i].query = query.substr(i, 25) + "--" + query.substr(i + 25, 5);
    texts[i].hit = query.substr(0, 10) + "--" + query.substr(10, 20);
    texts[i].query_start = static_cast<int>(i) + 1;
  }
  const std::string text = to_hhr(texts, 40, 13);

  const auto entry = std::make_shared<StructureEntry>();
  ProteinChain chain;
  chain.chain = "A";
  chain.sequence = query;
  chain.release_date = "2000-01-01";
  chain.atom_positions.assign(query.size() * 37 * 3, 1.0F);
  chain.atom_mask.assign(query.size() * 37, 1.0F);
  entry->chains.push_back(chain);
  TemplateSearchOptions options;
  options.max_template_date = "2020-01-01";

  testing::fuzz(
      text, 7, 3000,
      [&](const std::string& damaged) {
        const auto hits = parse_hhr(damaged, "fuzz.hhr");
        for (const TemplateHit& hit : hits) {
          ASSERT_EQ(hit.query.size(), hit.hit_sequence.size());
          ASSERT_EQ(hit.indices_query.size(), hit.query.size());
          ASSERT_EQ(hit.indices_hit.size(), hit.query.size());
        }
        const auto found = find_templates(
            query, hits, [&](const std::string&) { return entry; }, options);
        for (const Template& found_one : found.templates) ASSERT_EQ(found_one.sequence.size(), query.size());
      },
      40);
}

}  // namespace
}  // namespace foldperf::trainer

// Damaged hhr files must give either hits that fit together or an InputError, and searching with them must end.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "tests/trainer/input/hhr_text.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/template_search.hpp"

namespace foldperf::trainer {
namespace {

using testing::HitText;

std::string damage(const std::string& text, RandomStream& random) {
  std::string result = text;
  const auto last = static_cast<std::int64_t>(text.size()) - 1;
  const std::int64_t kind = random.integer(0, 3);
  if (kind == 0) result.resize(static_cast<std::size_t>(random.integer(1, last)));
  if (kind == 1) {  // a piece is lost
    result.erase(static_cast<std::size_t>(random.integer(0, last)), static_cast<std::size_t>(random.integer(1, 2000)));
    if (result.empty()) result.push_back('x');
  }
  const std::int64_t flips = kind == 0 ? 0 : random.integer(1, kind == 2 ? 3 : 40);
  for (std::int64_t i = 0; i < flips; ++i) {
    const auto place = static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(result.size()) - 1));
    result[place] = static_cast<char>(result[place] ^ (1 << random.integer(0, 7)));
  }
  return result;
}

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

  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    RandomStream random({7, 0, static_cast<std::uint32_t>(round)}, Purpose::chain_order);
    try {
      const auto hits = parse_hhr(damage(text, random), "fuzz.hhr");
      for (const TemplateHit& hit : hits) {
        ASSERT_EQ(hit.query.size(), hit.hit_sequence.size());
        ASSERT_EQ(hit.indices_query.size(), hit.query.size());
        ASSERT_EQ(hit.indices_hit.size(), hit.query.size());
      }
      const auto found = find_templates(
          query, hits, [&](const std::string&) { return entry; }, options);
      for (const Template& found_one : found.templates) ASSERT_EQ(found_one.sequence.size(), query.size());
    } catch (const InputError& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).rfind("fuzz", 0), 0U) << "names no file: " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace foldperf::trainer

// Hits, and the templates that are found with them: searching must end, and fit together too.
#include <memory>
#include <vector>

#include "tests/fuzz/frame/structure_checks.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/template_search.hpp"

using namespace foldperf;

namespace {

const std::string query = "ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY";

std::shared_ptr<const trainer::StructureEntry> entry_of_query() {
  const auto entry = std::make_shared<trainer::StructureEntry>();
  trainer::ProteinChain chain;
  chain.chain = "A";
  chain.sequence = query;
  chain.release_date = "2000-01-01";
  chain.atom_positions.assign(query.size() * trainer::atom37_count * 3, 1.0F);
  chain.atom_mask.assign(query.size() * trainer::atom37_count, 1.0F);
  entry->chains.push_back(std::move(chain));
  return entry;
}

void check_row(const std::string& row, const std::vector<std::int32_t>& indices) {
  fuzz::require(indices.size() == row.size(), "each column has an index");
  for (std::size_t i = 0; i < row.size(); ++i) {
    fuzz::require((row[i] >= 'A' && row[i] <= 'Z') || row[i] == '-', "rows have letters and gaps");
    fuzz::require((indices[i] == -1) == (row[i] == '-'), "a gap, and nothing else, has no index");
    fuzz::require(indices[i] >= -1, "indices start from 0");
  }
}

void check_template(const trainer::Template& found) {
  fuzz::require(found.sequence.size() == query.size(), "a template lies over the whole query");
  fuzz::require(found.atom_positions.size() == query.size() * trainer::atom37_count * 3, "positions are [L, 37, 3]");
  fuzz::require(found.atom_mask.size() == query.size() * trainer::atom37_count, "the mask is [L, 37]");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto entry = entry_of_query();
  return fuzz::try_input(data, size, "fuzz.hhr", [](std::string_view text) {
    const std::vector<trainer::TemplateHit> hits = trainer::parse_hhr(text, "fuzz.hhr");
    for (const trainer::TemplateHit& hit : hits) {
      fuzz::require(hit.query.size() == hit.hit_sequence.size(), "both rows of a hit are equally long");
      fuzz::require(std::isfinite(hit.sum_probs), "sum_probs is finite");
      check_row(hit.query, hit.indices_query);
      check_row(hit.hit_sequence, hit.indices_hit);
    }
    trainer::TemplateSearchOptions options;
    options.max_template_date = "2020-01-01";
    const auto found = trainer::find_templates(
        query, hits, [](const std::string&) { return entry; }, options);
    fuzz::require(found.templates.size() <= options.max_hits, "no more templates than asked for");
    for (const trainer::Template& one : found.templates) check_template(one);
  });
}

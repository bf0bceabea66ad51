// From template hits and structure files to templates laid over the query (openfold/data/templates.py:
// HhsearchHitFeaturizer; AlphaFold 2 supplement, section 1.2.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

// One template over the L residues of the query.
struct Template {
  std::string domain;                 // 3u8v_A: lower-case entry and the chain that was used
  std::string sequence;               // [L]: the template's letter at each residue of the query, '-' where it has none
  std::vector<float> atom_positions;  // [L, 37, 3] Angstrom, zeros where there is no atom
  std::vector<float> atom_mask;       // [L, 37]
  float sum_probs = 0;
  int hit_index = 0;           // TemplateHit::index
  bool was_realigned = false;  // the file has another sequence than the hit
};

struct LeftOutHit {
  int hit_index = 0;
  std::string name;  // first word of the hit's name
  std::string reason;
};

struct TemplateSearchResult {
  std::vector<Template> templates;   // at most max_hits, in the order they were taken
  std::vector<LeftOutHit> left_out;  // hits looked at and not taken; those after the last one taken are not looked at
};

struct TemplateSearchOptions {
  std::string max_template_date;  // YYYY-MM-DD: no structure released later is used
  std::size_t max_hits = 4;
  // Shuffles the first min(shuffle_top_k, hits left by the prefilter) hits: 0 never does. `permutation` is called with
  // that number, and must return a permutation of the numbers below it.
  std::size_t shuffle_top_k = 0;
  std::function<std::vector<std::size_t>(std::size_t)> permutation;
  // The chain's resolved atoms are moved so that their mean is the origin. Distances are not changed by it.
  bool zero_center_positions = true;

  // Release date (YYYY-MM-DD) of a lower-case entry id, to spare reading files that are too new. May be empty. The date
  // in the file counts also.
  std::function<std::optional<std::string>(const std::string&)> release_date;
  // The entry that takes the place of an obsolete one, lower-case. May be empty. Used whether or not the release dates
  // know the old entry, as OpenFold in effect does (it looks for a lower-case id among upper-case ones).
  std::function<std::optional<std::string>(const std::string&)> replacement;
};

// The structure of a lower-case entry id; null where there is no file.
using StructureLookup = std::function<std::shared_ptr<const StructureEntry>(const std::string&)>;

// Entry (lower-case) and chain of a hit's name, "1HF9_B ..."; empty where the name does not start so.
struct HitSource {
  std::string entry;
  std::string chain;
};
std::optional<HitSource> source_of_hit(std::string_view name);

// Residue of the query and of the hit's sequence without gaps, from 0.
struct MappedResidue {
  std::size_t query = 0;
  std::size_t hit = 0;
};
// Pairs of aligned residues, in order of the query. The hit's query row is looked for in `query`; empty where it is not
// found or the hit has no aligned residues.
std::vector<MappedResidue> map_query_to_hit(const TemplateHit& hit, std::string_view query);

// Where a hit's sequence is found in a structure.
struct ChainMatch {
  const ProteinChain* chain = nullptr;
  std::size_t offset = 0;
};
// In the chain of that name, else in any chain, else in any chain with X in either as a wildcard; empty if nowhere.
// Chains are tried in the order of ProteinChain::place, those without one in that of their ids.
std::optional<ChainMatch> find_template(const StructureEntry& entry, std::string_view chain, std::string_view sequence);

// For each residue of `from` the residue of `to` it is aligned with, or -1. Global, BLOSUM62, gaps 10 + 1 a residue
// (OpenFold runs kalign; both put a sequence that is nearly the same where it belongs). Empty where fewer than 90% of
// the shorter one's residues are identical.
std::optional<std::vector<std::int64_t>> realign(std::string_view from, std::string_view to);

// The templates of a query, from its hits. A hit is left out where
// * its name is no entry and chain, or its release date is after max_template_date;
// * at most a tenth of the query is aligned, its sequence has fewer than ten residues, or it is a part of the query
// that
//   is longer than 95% of it;
// * there is no structure, it cannot be read, or it names no release date or one after max_template_date;
// * its sequence is neither found in the structure nor 90% identical to that of the chain of its name;
// * fewer than five atoms are resolved at aligned residues, or two neighbouring CA atoms are more than 150 A apart;
// * a template with the same sequence over the query was taken already.
// The others are taken by decreasing sum_probs (equal ones in the order of the file), shuffled as the options say.
//
// Unlike OpenFold, residues that a realignment leaves without a partner are gaps (OpenFold gives them the last residue
// of the chain), and a hit whose query row is not part of the query is left out (OpenFold shifts it by one residue).
//
// Throws UsageError for a max_template_date that is no date, Error for a permutation that is none. What `structures`
// throws comes through, but InputError, which leaves the hit out.
TemplateSearchResult find_templates(std::string_view query, const std::vector<TemplateHit>& hits,
                                    const StructureLookup& structures, const TemplateSearchOptions& options);

}  // namespace foldperf::trainer

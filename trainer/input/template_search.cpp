#include "trainer/input/template_search.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <gemmi/seqalign.hpp>
#include <set>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr double least_aligned_share = 0.1;       // of the query
constexpr double largest_duplicate_share = 0.95;  // of the query
constexpr std::size_t least_hit_length = 10;
constexpr double least_identity = 0.9;
constexpr float largest_ca_distance = 150;                       // Angstrom
constexpr float least_atoms = 5;                                 // alanine has five
constexpr std::size_t largest_alignment = std::size_t{1} << 28;  // cells, a byte each

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string without_gaps(std::string_view row) {
  std::string result;
  std::copy_if(row.begin(), row.end(), std::back_inserter(result), [](char c) { return c != '-'; });
  return result;
}

// Why a hit is left out.
struct Unusable {
  std::string reason;
};

void check_date(const std::string& date, const std::string& limit, const std::string& entry) {
  if (date > limit) throw Unusable{entry + " was released " + date + ", after the limit " + limit};
}

// A hit whose name was read and, where its entry is obsolete, replaced.
struct Candidate {
  const TemplateHit* hit = nullptr;
  HitSource source;
  std::string sequence;  // without gaps
};

// What can be told without the structure.
Candidate prefiltered(std::string_view query, const TemplateHit& hit, const TemplateSearchOptions& options) {
  const auto source = source_of_hit(hit.name);
  if (!source) throw Unusable{"its name does not start with a PDB entry and a chain, as 1abc_A"};
  Candidate result{&hit, *source, without_gaps(hit.hit_sequence)};
  if (options.replacement) {
    if (const auto replacement = options.replacement(result.source.entry)) result.source.entry = *replacement;
  }
  if (options.release_date) {
    if (const auto date = options.release_date(result.source.entry)) {
      check_date(*date, options.max_template_date, result.source.entry);
    }
  }
  const auto length = static_cast<double>(query.size());
  if (hit.aligned_cols / length <= least_aligned_share) {
    throw Unusable{"only " + std::to_string(hit.aligned_cols) + " of the query's " + std::to_string(query.size()) +
                   " residues are aligned"};
  }
  if (query.find(result.sequence) != query.npos &&
      static_cast<double>(result.sequence.size()) / length > largest_duplicate_share) {
    throw Unusable{"its sequence is that of the query"};
  }
  if (result.sequence.size() < least_hit_length) {
    throw Unusable{"its sequence has only " + std::to_string(result.sequence.size()) + " residues"};
  }
  return result;
}

std::shared_ptr<const StructureEntry> structure_of(const Candidate& candidate, const StructureLookup& structures,
                                                   const TemplateSearchOptions& options) {
  const std::string& id = candidate.source.entry;
  std::shared_ptr<const StructureEntry> entry;
  try {
    entry = structures(id);
  } catch (const InputError& error) {
    throw Unusable{std::string("its structure cannot be read: ") + error.what()};
  }
  if (!entry) throw Unusable{"there is no structure file of " + id};
  if (entry->chains.empty()) throw Unusable{id + " has no protein chain"};
  const std::string& date = entry->chains.front().release_date;
  if (date.empty()) throw Unusable{"the file of " + id + " names no release date"};
  check_date(date, options.max_template_date, id);
  return entry;
}

// The chain's positions as they are used: moved to their mean where that is asked for.
class Positions {
 public:
  Positions(const ProteinChain& chain, bool zero_center) : chain_(chain) {
    if (!zero_center) return;
    // Summed in float32, one atom after the other, as numpy does.
    float count = 0;
    for (std::size_t atom = 0; atom < chain.atom_mask.size(); ++atom) {
      if (chain.atom_mask[atom] == 0) continue;
      ++count;
      for (std::size_t axis = 0; axis < 3; ++axis) mean_[axis] += chain.atom_positions[atom * 3 + axis];
    }
    if (count > 0) {
      for (float& axis : mean_) axis /= count;
    }
  }

  [[nodiscard]] float at(std::size_t atom, std::size_t axis) const {
    return chain_.atom_positions[atom * 3 + axis] - mean_[axis];
  }

  // Throws Unusable.
  void check_distances() const {
    for (std::size_t i = 1; i < chain_.length(); ++i) {
      const std::size_t ca = i * atom37_count + atom37::ca, before = ca - atom37_count;
      if (chain_.atom_mask[ca] == 0 || chain_.atom_mask[before] == 0) continue;
      float square = 0;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float difference = at(ca, axis) - at(before, axis);
        square += difference * difference;
      }
      if (std::sqrt(square) > largest_ca_distance) {
        throw Unusable{"residues " + std::to_string(i) + " and " + std::to_string(i + 1) + " of " + chain_.name() +
                       " are " + std::to_string(std::sqrt(square)) + " A apart"};
      }
    }
  }

 private:
  const ProteinChain& chain_;
  std::array<float, 3> mean_{};
};

Template extract(std::string_view query, const Candidate& candidate, const StructureEntry& entry, bool zero_center) {
  Template result;
  std::vector<MappedResidue> mapping = map_query_to_hit(*candidate.hit, query);
  std::string_view letters = candidate.sequence;
  std::optional<ChainMatch> match = find_template(entry, candidate.source.chain, letters);
  if (!match) {
    const auto chain = std::find_if(entry.chains.begin(), entry.chains.end(),
                                    [&](const ProteinChain& c) { return c.chain == candidate.source.chain; });
    if (chain == entry.chains.end()) {
      throw Unusable{"its sequence is in no chain of " + candidate.source.entry + ", and there is no protein chain " +
                     candidate.source.chain};
    }
    const auto partners = realign(letters, chain->sequence);
    if (!partners) {
      throw Unusable{"its sequence differs from that of " + candidate.source.entry + "_" + candidate.source.chain +
                     " at more than a tenth of the residues"};
    }
    std::vector<MappedResidue> realigned;
    for (const MappedResidue& pair : mapping) {
      const std::int64_t partner = (*partners)[pair.hit];
      if (partner >= 0) realigned.push_back({pair.query, static_cast<std::size_t>(partner)});
    }
    mapping = std::move(realigned);
    letters = chain->sequence;
    match = ChainMatch{&*chain, 0};
    result.was_realigned = true;
  }

  const ProteinChain& chain = *match->chain;
  const Positions positions(chain, zero_center);
  positions.check_distances();
  result.domain = candidate.source.entry + "_" + chain.chain;
  result.hit_index = candidate.hit->index;
  result.sum_probs = static_cast<float>(candidate.hit->sum_probs);
  result.sequence.assign(query.size(), '-');
  result.atom_positions.assign(query.size() * atom37_count * 3, 0);
  result.atom_mask.assign(query.size() * atom37_count, 0);
  float atoms = 0;
  for (const auto& [to, from] : mapping) {
    const std::size_t residue = from + match->offset;
    if (residue >= chain.length()) continue;
    result.sequence[to] = letters[from];
    for (std::size_t slot = 0; slot < atom37_count; ++slot) {
      const std::size_t source = residue * atom37_count + slot, target = to * atom37_count + slot;
      if (chain.atom_mask[source] == 0) continue;
      ++atoms;
      result.atom_mask[target] = chain.atom_mask[source];
      for (std::size_t axis = 0; axis < 3; ++axis) {
        result.atom_positions[target * 3 + axis] = positions.at(source, axis);
      }
    }
  }
  if (mapping.empty()) throw Unusable{"none of its residues can be laid over the query"};
  if (atoms < least_atoms) throw Unusable{"no atoms are resolved in the aligned part of " + result.domain};
  return result;
}

// Order in which prefiltered hits are tried.
std::vector<std::size_t> hit_order(std::size_t count, const TemplateSearchOptions& options) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  const std::size_t shuffled = std::min(options.shuffle_top_k, count);
  if (shuffled == 0) return order;
  if (!options.permutation) throw Error("template hits are to be shuffled, but no permutation is given");
  const std::vector<std::size_t> permutation = options.permutation(shuffled);
  if (permutation.size() != shuffled || !std::is_permutation(permutation.begin(), permutation.end(), order.begin())) {
    throw Error("the order of " + std::to_string(shuffled) + " template hits is no permutation of them");
  }
  std::copy(permutation.begin(), permutation.end(), order.begin());
  return order;
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \t")); }

}  // namespace

std::optional<HitSource> source_of_hit(std::string_view name) {
  if (name.size() < 6 || name[4] != '_' || !std::all_of(name.begin(), name.begin() + 4, is_alphanumeric)) {
    return std::nullopt;
  }
  HitSource result;
  result.entry = in_small_letters(name.substr(0, 4));
  for (const char c : name.substr(5)) {
    if (!is_alphanumeric(c) && c != '.') break;
    result.chain.push_back(c);
  }
  if (result.chain.empty()) return std::nullopt;
  return result;
}

std::vector<MappedResidue> map_query_to_hit(const TemplateHit& hit, std::string_view query) {
  const std::string row = without_gaps(hit.query);
  const std::size_t offset = query.find(row);
  if (row.empty() || offset == query.npos) return {};
  const auto first = [](const std::vector<std::int32_t>& indices) {
    std::int32_t least = -1;
    for (const std::int32_t index : indices) {
      if (index >= 0 && (least < 0 || index < least)) least = index;
    }
    return least;
  };
  const std::int32_t first_query = first(hit.indices_query), first_hit = first(hit.indices_hit);
  const auto residues = static_cast<std::size_t>(
      std::count_if(hit.hit_sequence.begin(), hit.hit_sequence.end(), [](char c) { return c != '-'; }));
  std::vector<MappedResidue> result;
  for (std::size_t i = 0; i < std::min(hit.indices_query.size(), hit.indices_hit.size()); ++i) {
    if (hit.indices_query[i] < 0 || hit.indices_hit[i] < 0) continue;
    const MappedResidue pair{static_cast<std::size_t>(hit.indices_query[i] - first_query) + offset,
                             static_cast<std::size_t>(hit.indices_hit[i] - first_hit)};
    if (pair.query < query.size() && pair.hit < residues) result.push_back(pair);
  }
  return result;
}

std::optional<ChainMatch> find_template(const StructureEntry& entry, std::string_view chain,
                                        std::string_view sequence) {
  const auto exact = [&](const ProteinChain& candidate) -> std::optional<ChainMatch> {
    const std::size_t offset = candidate.sequence.find(sequence);
    if (candidate.sequence.empty() || offset == std::string::npos) return std::nullopt;
    return ChainMatch{&candidate, offset};
  };
  for (const ProteinChain& candidate : entry.chains) {
    if (candidate.chain != chain) continue;
    if (auto match = exact(candidate)) return match;
  }
  std::vector<const ProteinChain*> in_file_order;
  for (const ProteinChain& candidate : entry.chains) in_file_order.push_back(&candidate);
  std::stable_sort(in_file_order.begin(), in_file_order.end(),
                   [](const ProteinChain* a, const ProteinChain* b) { return a->place < b->place; });
  for (const ProteinChain* candidate : in_file_order) {
    if (auto match = exact(*candidate)) return match;
  }
  const auto alike = [](char a, char b) { return a == b || a == 'X' || b == 'X'; };
  for (const ProteinChain* candidate : in_file_order) {
    const std::string& residues = candidate->sequence;
    const auto found = std::search(residues.begin(), residues.end(), sequence.begin(), sequence.end(), alike);
    if (found != residues.end()) return ChainMatch{candidate, static_cast<std::size_t>(found - residues.begin())};
  }
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> realign(std::string_view from, std::string_view to) {
  if (from.empty() || to.empty() || to.size() > largest_alignment / from.size()) return std::nullopt;
  constexpr auto types = static_cast<std::size_t>(residue_type_count) + 1;
  static const gemmi::AlignmentScoring scoring = [] {
    // Gemmi's matrix is of the 20 amino acids in the order of aatype; X is added, for which it has no row.
    gemmi::AlignmentScoring result = gemmi::prepare_blosum62_scoring();
    std::vector<std::int8_t> matrix(types * types, -1);
    for (std::size_t i = 0; i + 1 < types; ++i) {
      for (std::size_t j = 0; j + 1 < types; ++j) matrix[i * types + j] = result.score_matrix[i * (types - 1) + j];
    }
    result.score_matrix = std::move(matrix);
    result.matrix_encoding.emplace_back("UNK");
    return result;
  }();
  const auto encoded = [](std::string_view sequence) {
    std::vector<std::uint8_t> result;
    for (const char letter : sequence) result.push_back(static_cast<std::uint8_t>(residue_from_letter(letter)));
    return result;
  };
  const gemmi::AlignmentResult alignment =
      gemmi::align_sequences(encoded(from), encoded(to), {}, static_cast<std::uint8_t>(types), scoring);
  std::vector<std::int64_t> partners(from.size(), -1);
  std::size_t in_from = 0, in_to = 0, same = 0;
  for (const auto& item : alignment.cigar) {
    for (std::uint32_t i = 0; i < item.len(); ++i) {
      if (item.op() == 'M') {
        same += from[in_from] == to[in_to] ? 1 : 0;
        partners[in_from] = static_cast<std::int64_t>(in_to);
      }
      if (item.op() != 'D') ++in_from;
      if (item.op() != 'I') ++in_to;
    }
  }
  if (static_cast<double>(same) / static_cast<double>(std::min(from.size(), to.size())) < least_identity) {
    return std::nullopt;
  }
  return partners;
}

TemplateSearchResult find_templates(std::string_view query, const std::vector<TemplateHit>& hits,
                                    const StructureLookup& structures, const TemplateSearchOptions& options) {
  if (!is_iso_date(options.max_template_date)) {
    throw UsageError("max_template_date is '" + options.max_template_date + "'; it must be a date: YYYY-MM-DD");
  }
  TemplateSearchResult result;
  if (query.empty()) return result;
  const auto leave_out = [&](const TemplateHit& hit, const std::string& reason) {
    result.left_out.push_back({hit.index, first_word(hit.name), reason});
  };
  std::vector<Candidate> candidates;
  for (const TemplateHit& hit : hits) {
    try {
      candidates.push_back(prefiltered(query, hit, options));
    } catch (const Unusable& unusable) {
      leave_out(hit, unusable.reason);
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.hit->sum_probs > b.hit->sum_probs; });
  std::set<std::string> taken;
  for (const std::size_t place : hit_order(candidates.size(), options)) {
    if (result.templates.size() >= options.max_hits) break;
    const Candidate& candidate = candidates[place];
    try {
      const auto entry = structure_of(candidate, structures, options);
      Template found = extract(query, candidate, *entry, options.zero_center_positions);
      if (!taken.insert(found.sequence).second) throw Unusable{"a template with the same aligned sequence was taken"};
      result.templates.push_back(std::move(found));
    } catch (const Unusable& unusable) {
      leave_out(*candidate.hit, unusable.reason);
    }
  }
  return result;
}

}  // namespace foldperf::trainer

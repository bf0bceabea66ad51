#include "trainer/data/chain_reader.hpp"

#include <iterator>

#include "trainer/data/alignment_features.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/data/sequence_embedding.hpp"
#include "trainer/data/stage_clock.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

std::size_t bytes_of(const ParsedChain& chain) {
  std::size_t bytes = sizeof(ParsedChain) + chain.sequence.size();
  for (const auto& [name, tensor] : chain.raw) bytes += tensor.nbytes() + name.size() + sizeof(at::Tensor);
  for (const TemplateHit& hit : chain.hits) {
    bytes += sizeof(TemplateHit) + hit.name.size() + hit.query.size() + hit.hit_sequence.size() +
             (hit.indices_query.size() + hit.indices_hit.size()) * sizeof(std::int32_t);
  }
  return bytes;
}

// Of all files, in the order of their names (OpenFold: in the order in which the folder lists them).
std::vector<TemplateHit> read_hits(const AlignmentStore& alignments, const std::string& chain) {
  std::vector<TemplateHit> hits;
  for (const AlignmentFile& file : alignments.files(chain, AlignmentFileKind::template_hits)) {
    std::vector<TemplateHit> of_file = parse_hhr(file.bytes, file.path);
    hits.insert(hits.end(), std::make_move_iterator(of_file.begin()), std::make_move_iterator(of_file.end()));
  }
  return hits;
}

}  // namespace

ChainReader::ChainReader(ChainSet set, std::int64_t embedding_width, std::size_t cache_bytes)
    : set_(std::move(set)), embedding_width_(embedding_width), cache_(cache_bytes) {}

std::shared_ptr<const ParsedChain> ChainReader::read(std::size_t chain, StageTimes& nanoseconds) const {
  return cache_.get(chain, [&]() -> ChainCache<ParsedChain, std::size_t>::Loaded {
    auto parsed = parse(set_.catalog.chains.at(chain), nanoseconds);
    const std::size_t bytes = bytes_of(*parsed);
    return {std::move(parsed), bytes};
  });
}

std::shared_ptr<const ParsedChain> ChainReader::parse(const ChainSource& source, StageTimes& nanoseconds) const {
  StageClock clock(nanoseconds);
  auto parsed = std::make_shared<ParsedChain>();
  if (set_.structures) {
    StructureOptions options = set_.structure_options;
    options.only_chain = source.chain;
    const StructureEntry entry = set_.structures->read(source.entry, options);
    const ProteinChain& protein = find_chain(entry, source.chain);
    parsed->sequence = protein.sequence;
    parsed->raw = structure_features(protein);
  } else {
    parsed->sequence = set_.sequences.at(source.name);
    parsed->raw = sequence_features(parsed->sequence);
  }
  clock.finish("read");
  TensorDict rows;
  if (!set_.embeddings.empty()) {
    rows = sequence_embedding_features(embedding_folder(source), source.name, parsed->sequence, embedding_width_);
  } else {
    rows = chain_alignment_features(set_.alignments.get(), source.name, parsed->sequence);
  }
  for (const auto& [name, tensor] : rows) parsed->raw[name] = tensor;
  parsed->alignment_depth = parsed->raw.at("msa").size(0);
  if (set_.templates && set_.alignments) parsed->hits = read_hits(*set_.alignments, source.name);
  clock.finish("alignment");
  return parsed;
}

// As for alignments, a folder named for the whole entry will do.
fs::path ChainReader::embedding_folder(const ChainSource& source) const {
  const fs::path of_chain = set_.embeddings / source.name, of_entry = set_.embeddings / source.entry;
  return !fs::is_directory(of_chain) && fs::is_directory(of_entry) ? of_entry : of_chain;
}

}  // namespace foldperf::trainer

#include "trainer/data/chain_dataset.hpp"

#include <chrono>

#include "core/error.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/data/sequence_embedding.hpp"

namespace foldperf::trainer {

namespace {

// Adds the time of each stage under its name.
class StageClock {
 public:
  explicit StageClock(std::map<std::string, std::int64_t>& nanoseconds) : nanoseconds_(nanoseconds) {}
  void finish(const char* stage) {
    const auto now = std::chrono::steady_clock::now();
    nanoseconds_[stage] = std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_).count();
    last_ = now;
  }

 private:
  std::map<std::string, std::int64_t>& nanoseconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

StructureOptions structure_options(const DataConfig& config) {
  StructureOptions options;
  options.treat_pdb_as_distillation = config.source.treat_pdb_as_distillation;
  return options;
}

void need_embeddings(const DataConfig& config, const char* key, const std::string& folder) {
  if (!config.seqemb_mode.enabled || !folder.empty()) return;
  throw UsageError(std::string(key) + " is not set: sequence-embedding mode (data.seqemb_mode) reads the embedding " +
                   "<folder>/<chain>/<chain>.pt of each chain");
}

}  // namespace

ChainDataset::ChainDataset(std::vector<ChainSource> chains, const DataConfig& config, DataMode mode)
    : chains_(std::move(chains)),
      options_(structure_options(config)),
      seqemb_mode_(config.seqemb_mode),
      pipeline_(config, mode) {}

Batch ChainDataset::load(std::size_t chain, const SampleKey& sample) const {
  const ChainSource& source = chains_.at(chain);
  Batch batch;
  StageClock clock(batch.fact.preparation_ns);
  const StructureEntry entry = read_structure(source.structure, options_);
  const ProteinChain& protein = find_chain(entry, source.chain);
  TensorDict raw = structure_features(protein);
  clock.finish("read");
  const TensorDict rows =
      seqemb_mode_.enabled
          ? sequence_embedding_features(source.alignments, source.name, protein.sequence, seqemb_mode_.preembedding_dim)
          : chain_alignment_features(source.alignments, protein.sequence);
  for (const auto& [name, tensor] : rows) raw[name] = tensor;
  clock.finish("alignment");
  const TensorDict fixed = pipeline_.fixed_transforms(raw);
  clock.finish("features");
  batch.features = pipeline_.sample(fixed, sample);
  clock.finish("transforms");
  batch.fact.chain = source.name;
  batch.fact.length = static_cast<std::int64_t>(protein.length());
  batch.fact.crop = batch.features.at("aatype").size(1);
  batch.fact.alignment_depth = raw.at("msa").size(0);
  batch.epoch = sample.epoch;
  return batch;
}

ChainCatalog training_chains(const DataConfig& config) {
  const DataSourceConfig& source = config.source;
  if (source.train_data_dir.empty())
    throw UsageError("data.source.train_data_dir is not set: name the folder of the structure files");
  need_embeddings(config, "data.source.train_alignment_dir", source.train_alignment_dir);
  return find_chains(source.train_data_dir, source.train_alignment_dir, source.train_chains, structure_options(config));
}

ChainCatalog evaluation_chains(const DataConfig& config) {
  const DataSourceConfig& source = config.source;
  if (source.val_data_dir.empty() && source.val_chains.empty()) return training_chains(config);
  if (source.val_data_dir.empty()) {
    need_embeddings(config, "data.source.train_alignment_dir", source.train_alignment_dir);
    return find_chains(source.train_data_dir, source.train_alignment_dir, source.val_chains, structure_options(config));
  }
  need_embeddings(config, "data.source.val_alignment_dir", source.val_alignment_dir);
  return find_chains(source.val_data_dir, source.val_alignment_dir, source.val_chains, structure_options(config));
}

}  // namespace foldperf::trainer

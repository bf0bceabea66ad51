// Sets of chains, and where their files are: what data.source means.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/data/template_source.hpp"
#include "trainer/input/alignment_store.hpp"
#include "trainer/input/chain_catalog.hpp"
#include "trainer/input/structure_store.hpp"

namespace foldperf::trainer {

struct ChainSet {
  std::string name;  // training, distillation, validation, sequences
  ChainCatalog catalog;
  std::shared_ptr<const StructureStore> structures;  // null: the chains are those of `sequences`
  std::map<std::string, std::string> sequences;      // by chain: chains of unknown structure
  StructureOptions structure_options;
  std::shared_ptr<const AlignmentStore> alignments;  // null: a chain's own sequence is its alignment
  std::filesystem::path embeddings;                  // folder, in sequence-embedding mode; alignments is null then
  std::shared_ptr<const TemplateSource> templates;   // null: none
  bool shuffles_templates = true;  // where data.train says so; the distillation set never, as in OpenFold
  bool is_sampled = false;         // chains are drawn with their probabilities
  double weight = 1;               // share of the samples
};

// The alignments of the training set; null where none are given. Throws InputError as open_alignment_store.
std::shared_ptr<const AlignmentStore> open_training_alignments(const DataSourceConfig& source);

// The training set and, where there is one, the self-distillation set. Throws UsageError for settings that do not go
// together, InputError for files that are missing or damaged, and where no chain is left.
std::vector<ChainSet> training_sets(const DataConfig& config);

// The records of a FASTA file, in its order: chains without structure, with the training set's alignments (or
// embeddings) under their names, and its templates. Throws InputError as read_fasta.
ChainSet sequence_set(const DataConfig& config, const std::filesystem::path& fasta);

// Chains by name, each with its structure, whatever lists and filters say: first those that the validation set's folder
// has, then the others, of the training set's; a set that would be empty is left out. A name of an entry stands for all
// its chains; a chain that is named twice is there once. `names` is not empty. Throws as training_sets.
std::vector<ChainSet> named_chains(const DataConfig& config, const std::vector<std::string>& names);

// The chains that training is evaluated on; none where there is no validation set and the training set is one of those
// that are too large to be read (those with a chain data cache).
std::optional<ChainSet> validation_set(const DataConfig& config);

}  // namespace foldperf::trainer

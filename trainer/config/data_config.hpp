// How chains become training samples: the sections and key names of OpenFold's config.data (openfold/config.py), plus
// our own sections "source" (which files) and "loader" (threads). Defaults are those of `initial_training`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace foldperf::trainer {

// AlphaFold 2 supplement, algorithm 1.
struct BlockDeleteMsaConfig {
  double msa_fraction_per_block = 0.3;
  bool randomize_num_blocks = false;
  std::int64_t num_blocks = 5;
};

// What a masked position becomes (AlphaFold 2 supplement, 1.2.7); the rest of the probability is the mask token.
struct MaskedMsaConfig {
  double profile_prob = 0.1;
  double same_prob = 0.1;
  double uniform_prob = 0.1;
};

struct DataCommonConfig {
  BlockDeleteMsaConfig block_delete_msa;
  MaskedMsaConfig masked_msa;
  std::int64_t max_recycling_iters = 3;  // extra passes: 3 means up to four passes
  bool msa_cluster_features = true;
  bool reduce_msa_clusters_by_max_templates = false;
  bool resample_msa_in_recycling = true;
  bool use_templates = true;
  bool use_template_torsion_angles = true;
};

struct DataSupervisedConfig {
  double clamp_prob = 0.9;  // share of training samples whose backbone FAPE is clamped
};

// A language model's embedding of the sequence in place of its alignment (OpenFold's SoloSeq).
struct SeqembModeConfig {
  bool enabled = false;
  // Channels an embedding must have. No key of its own: trainer_config_from_json takes the model's.
  std::int64_t preembedding_dim = 1280;
};

// One of the modes: train, eval, predict.
struct DataModeConfig {
  bool fixed_size = true;  // crop and pad to the sizes below
  bool subsample_templates = true;
  bool block_delete_msa = true;
  double masked_msa_replace_fraction = 0.15;
  std::int64_t max_msa_clusters = 128;
  std::int64_t max_extra_msa = 1024;  // 0: no extra MSA features
  std::int64_t max_template_hits = 4;
  std::int64_t max_templates = 4;
  bool crop = true;
  std::int64_t crop_size = 256;  // 0: the whole chain (OpenFold: null)
  bool supervised = true;
  std::int64_t max_distillation_msa_clusters = 0;  // 0: distillation samples are sampled as the others are
  bool uniform_recycling = false;                  // false: always max_recycling_iters
  double distillation_prob = 0;                    // share of samples from the distillation set
};

DataModeConfig train_mode_defaults();    // crop 256, block deletion, uniform recycling
DataModeConfig eval_mode_defaults();     // whole chain, no block deletion, all recycling passes
DataModeConfig predict_mode_defaults();  // as eval, unsupervised, 512 clusters

// Which files. A chain is named <file without extension>_<author chain id>: 1ubi_A.
struct DataSourceConfig {
  std::string train_data_dir;       // folder of .cif, .pdb, .ent, each also as .gz
  std::string train_alignment_dir;  // <dir>/<chain name>/*.a3m|*.sto (seqemb_mode: *.pt); empty: own sequence only
  std::string val_data_dir;         // empty: evaluation uses train_data_dir
  std::string val_alignment_dir;
  std::vector<std::string> train_chains;   // chain names, or entry names for all their chains; empty: all in the folder
  std::vector<std::string> val_chains;     // empty: those of val_data_dir, else the training chains
  bool treat_pdb_as_distillation = false;  // .pdb files are predictions: mask residues of B factor (pLDDT) at most 50
};

struct DataLoaderConfig {
  std::int64_t num_workers = 1;      // threads that prepare batches; 0: prepared when asked for
  std::int64_t prefetch_factor = 2;  // batches held ready per worker
};

struct DataConfig {
  DataCommonConfig common;
  DataSupervisedConfig supervised;
  SeqembModeConfig seqemb_mode;
  DataModeConfig train = train_mode_defaults();
  DataModeConfig eval = eval_mode_defaults();
  DataModeConfig predict = predict_mode_defaults();
  DataSourceConfig source;
  DataLoaderConfig loader;
  std::int64_t seed = 42;  // of every random draw in the data (OpenFold: seed of the program)
};

// Reads a tree with the names above; keys that are missing keep their defaults. Keys of OpenFold that this build has no
// use for (feature lists, multimer cropping, data_module) are passed over.
// Throws UsageError naming the key for a value of the wrong type or outside its range.
DataConfig data_config_from_json(const nlohmann::json& tree);
nlohmann::json to_json(const DataConfig& config);

}  // namespace foldperf::trainer

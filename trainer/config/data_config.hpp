// How chains become training samples: the sections and key names of OpenFold's config.data (openfold/config.py), plus
// sections "source" (which files) and "loader" (threads). Defaults are those of `initial_training`.
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
  std::int64_t max_extra_msa = 1024;           // 0: no extra MSA features
  std::int64_t max_template_hits = 4;          // templates taken from a chain's hits
  std::int64_t shuffle_top_k_prefiltered = 0;  // of the best hits, in random order at every sample; 0: best first
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

// Which files, by the names of OpenFold's command line (train_openfold.py). A chain is named <file without extension>_
// <author chain id>: 1ubi_A. Where a folder of structures is asked for, an archive will do; where one of alignments, an
// archive or the index of an alignment_db. Empty texts: not given.
struct DataSourceConfig {
  // Training set.
  std::string train_data_dir;               // structures: .cif, .pdb, .ent, each also as .gz
  std::string train_alignment_dir;          // <dir>/<chain name>/*.a3m|*.sto|*.hhr (seqemb_mode: *.pt)
  std::string alignment_index_path;         // index of an alignment_db; train_alignment_dir holds its .db files then
  std::string train_duplicate_chains_path;  // a line of chains of one sequence: they share the alignments of one
  std::string train_chain_data_cache_path;  // JSON: chains are known without reading them, and the filters apply
  std::string train_filter_path;            // a chain a line: others are left out
  std::vector<std::string> train_chains;    // chain names, or entry names for all their chains; empty: all there are
  std::int64_t train_epoch_len = 0;         // samples in an epoch; 0: 10,000 where chains are sampled, else all chains
  bool treat_pdb_as_distillation = false;   // .pdb files are predictions: mask residues of B factor (pLDDT) at most 50

  // Self-distillation set: predicted structures (PDB files with pLDDT), a share of data.train.distillation_prob.
  std::string distillation_data_dir;
  std::string distillation_alignment_dir;
  std::string distillation_alignment_index_path;
  std::string distillation_chain_data_cache_path;
  std::string distillation_filter_path;

  // Validation set.
  std::string val_data_dir;  // empty: evaluation uses train_data_dir
  std::string val_alignment_dir;
  std::vector<std::string> val_chains;  // empty: those of val_data_dir, else the training chains

  // Templates.
  std::string template_mmcif_dir;                 // empty: none
  std::string max_template_date;                  // YYYY-MM-DD: no template released later
  std::string template_release_dates_cache_path;  // JSON: dates without reading the files
  std::string obsolete_pdbs_file_path;            // the PDB's obsolete.dat

  // What a chain data cache lets in.
  double max_resolution = 9;                 // Angstrom
  double max_single_residue_fraction = 0.8;  // of a chain's sequence
  std::string max_release_date;              // YYYY-MM-DD; empty: no limit
};

// The threads that prepare batches, and the order these are handed over in.
struct DataLoaderConfig {
  std::int64_t num_workers = 4;       // 0: prepared when asked for
  std::int64_t depth = 64;            // samples prepared ahead, at most
  std::string order = "ready_first";  // a slow sample is overtaken; "strict": never
  std::int64_t max_drift = 32;        // places before or after its turn that ready_first lets a sample be trained on
  std::int64_t nice = 0;              // of the workers: 1 to 19 lets the training thread go first
  std::string cpus;                   // CPUs of the workers: "0-3,8", "node:1", "auto"; empty: wherever they may run
  std::int64_t cache_mib = 1024;      // parsed chains and templates kept in memory; 0: none
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

// Packs structures and alignments, wherever they lie, into one archive (archive_stores.hpp has its layout).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trainer/input/alignment_store.hpp"
#include "trainer/input/structure_store.hpp"

namespace foldperf::trainer {

struct PackSource {
  const StructureStore* structures = nullptr;  // may be null
  const AlignmentStore* alignments = nullptr;  // may be null
  // Chains (1ubi_A), or entries (1ubi) for all their chains: only their alignments are packed, and the structures of
  // their entries. Without it, all.
  std::optional<std::vector<std::string>> chains;
  // Files, packed whole; empty for none.
  std::filesystem::path chain_data_cache;
  std::filesystem::path mmcif_cache;
};

struct PackOptions {
  bool overwrite = false;
  bool verify = false;                      // parses every file before it is packed
  StructureOptions structure_options = {};  // for verify
  int level = 6;                            // of compression: 1 (fast) to 9 (small)
  std::size_t threads = 0;                  // that read and compress; 0: as many as the machine has cores
};

struct PackResult {
  std::size_t structures = 0;
  std::size_t chains = 0;  // with alignments, linked ones included
  std::size_t links = 0;   // chains that share another's files: these are packed once
  std::size_t files = 0;
  std::uint64_t bytes_before = 0;  // of the files, not compressed
  std::uint64_t bytes_after = 0;   // of the same in the archive
  std::uint64_t archive_bytes = 0;
  std::vector<std::string> not_found;  // names of the list that have neither a structure nor an alignment
};

struct PackProgress {
  std::size_t done = 0;  // structures and chains
  std::size_t total = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

// Files that are compressed by gzip are unpacked first. Memory holds a few chains' files a thread. `progress` is called
// on the calling thread; an exception of it ends the work.
//
// Throws InputError for a file that cannot be read or, with verify, parsed, and where there is nothing to pack;
// UsageError and SystemError as ArchiveWriter does. Then there is no archive, nor a part of one.
PackResult pack(const PackSource& source, const std::filesystem::path& archive, const PackOptions& options = {},
                const std::function<void(const PackProgress&)>& progress = {});

}  // namespace foldperf::trainer

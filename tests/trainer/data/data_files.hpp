// Finds the input files of golden cases below the data folder, wherever in it they lie.
#pragma once

#include <ATen/ATen.h>

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/golden.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/input/alignment_store.hpp"

namespace foldperf::testing {

// The first path, in their order, of this name that `wanted(directory_entry)` takes.
template <typename Wanted>
std::optional<std::filesystem::path> find_below(const std::filesystem::path& folder, const std::string& name,
                                                const Wanted& wanted) {
  std::optional<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder)) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == name && wanted(entry) && (!found || entry.path() < *found)) found = entry.path();
  }
  return found;
}

// <pdb>.cif or <pdb>.cif.gz, with the entry's name in any case.
inline std::optional<std::filesystem::path> find_structure(const std::string& entry) {
  std::string lower = entry, upper = entry;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& name : {entry, lower, upper}) {
    for (const char* extension : {".cif", ".cif.gz"}) {
      const auto found = find_below(data_dir(), name + extension,
                                    [](const std::filesystem::directory_entry& e) { return e.is_regular_file(); });
      if (found) return found;
    }
  }
  return std::nullopt;
}

// The folder alignments/<name>.
inline std::optional<std::filesystem::path> find_alignments(const std::string& name) {
  return find_below(data_dir(), name, [](const std::filesystem::directory_entry& entry) {
    return entry.is_directory() && entry.path().parent_path().filename() == "alignments";
  });
}

// The alignments in a chain's folder, in the order in which they are merged.
inline std::vector<trainer::AlignmentFile> alignments_in(const std::filesystem::path& folder) {
  const auto store = trainer::open_alignment_store(folder.parent_path());
  return store->files(folder.filename().string(), trainer::AlignmentFileKind::alignment);
}

// Raw features of a chain's alignments, by its folder.
inline trainer::TensorDict alignment_features_in(const std::filesystem::path& folder, const std::string& sequence) {
  const auto store = trainer::open_alignment_store(folder.parent_path());
  return trainer::chain_alignment_features(store.get(), folder.filename().string(), sequence);
}

// "2q2k_A" to entry and chain.
inline std::pair<std::string, std::string> split_chain_name(const std::string& name) {
  const std::size_t underscore = name.rfind('_');
  return {name.substr(0, underscore), name.substr(underscore + 1)};
}

inline std::string ascii(const at::Tensor& bytes) {
  const at::Tensor flat = bytes.reshape({-1}).contiguous();
  return {reinterpret_cast<const char*>(flat.const_data_ptr()), static_cast<std::size_t>(flat.numel())};
}

}  // namespace foldperf::testing

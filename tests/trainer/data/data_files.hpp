// Finds the input files of golden cases below the data folder, wherever in it they lie.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/golden.hpp"

namespace foldperf::testing {

inline std::optional<std::filesystem::path> find_below(const std::filesystem::path& folder, const std::string& name) {
  std::optional<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder)) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == name && (!found || entry.path() < *found)) found = entry.path();
  }
  return found;
}

// <pdb>.cif, with the entry's name in any case.
inline std::optional<std::filesystem::path> find_structure(const std::string& entry) {
  std::string lower = entry, upper = entry;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& name : {entry, lower, upper}) {
    if (auto found = find_below(data_dir(), name + ".cif")) return found;
  }
  return std::nullopt;
}

// The folder alignments/<name>.
inline std::optional<std::filesystem::path> find_alignments(const std::string& name) {
  const auto found = find_below(data_dir(), name);
  return found && std::filesystem::is_directory(*found) ? found : std::nullopt;
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

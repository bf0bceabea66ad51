// Files of structures by the names of their entries.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Whether a file is mmCIF by its name (.cif or .mmcif, each also with .gz).
bool is_mmcif_file(std::string_view name);

// Filled by one thread, then read by any number.
class EntryIndex {
 public:
  // Of several files of an entry the mmCIF file counts, and among equals the one added first.
  void add(const std::string& entry, const std::string& file);

  [[nodiscard]] bool empty() const { return files_.empty(); }
  // Sorted.
  [[nodiscard]] std::vector<std::string> entries() const;
  // The entry's name as it was added: by the name itself, else regardless of case.
  [[nodiscard]] std::optional<std::string> find(std::string_view entry) const;
  // Its file. Throws InputError naming `store` where there is none.
  [[nodiscard]] std::string file(std::string_view entry, const std::string& store) const;

 private:
  using Files = std::map<std::string, std::string, std::less<>>;

  [[nodiscard]] Files::const_iterator locate(std::string_view entry) const;

  Files files_;
  // Names with capitals, by the same in small letters.
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace foldperf::trainer

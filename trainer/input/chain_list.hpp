// Lists of chains, one name a line: OpenFold's --train_filter_path and --distillation_filter_path.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace foldperf::trainer {

// The names in the order of the lines, each once; empty lines are passed over. Throws InputError, with the line, for a
// name with blanks, commas or unprintable characters in it, and for a list without any.
std::vector<std::string> parse_chain_list(std::string_view text, const std::string& path);
std::vector<std::string> read_chain_list(const std::filesystem::path& file);  // also .gz

// The entry in a chain's name: all before the last underscore; empty where there is none.
std::string_view entry_of_chain(std::string_view chain);
// A chain's name with that of its entry in small letters: 1UBI_A is 1ubi_A.
std::string with_small_entry(std::string_view chain);

// Asks whether a list has a chain, and keeps count. Entries are compared regardless of case, chains are not.
class ChainListFilter {
 public:
  // Names of chains (1ubi_A), or of entries (1ubi) for all their chains.
  explicit ChainListFilter(const std::vector<std::string>& names);

  // Whether a chain of the entry may be in the list.
  [[nodiscard]] bool may_admit(std::string_view entry) const;
  [[nodiscard]] bool admits(std::string_view chain, std::string_view entry);

  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  // Names of the list that no chain had so far, in its order.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  struct Item {
    std::string name;
    bool is_used = false;
  };
  std::vector<Item> items_;
  std::unordered_map<std::string, std::size_t> places_;
  std::unordered_set<std::string> entries_;
  std::size_t left_out_ = 0;
};

}  // namespace foldperf::trainer

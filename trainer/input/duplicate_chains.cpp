#include "trainer/input/duplicate_chains.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

class SharedStore final : public AlignmentStore {
 public:
  SharedStore(std::unique_ptr<AlignmentStore> store, const DuplicateChains& duplicates) : store_(std::move(store)) {
    for (const std::vector<std::string>& chains : duplicates) {
      const auto owner = std::find_if(chains.begin(), chains.end(),
                                      [this](const std::string& chain) { return store_->contains(chain); });
      if (owner == chains.end()) continue;
      for (const std::string& chain : chains) {
        if (chain != *owner && !store_->contains(chain)) owners_.emplace(chain, *owner);
      }
    }
  }

  using AlignmentStore::files;

  [[nodiscard]] std::vector<std::string> chains() const override {
    std::vector<std::string> names = store_->chains();
    for (const auto& [chain, owner] : owners_) names.push_back(chain);
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] bool contains(std::string_view chain) const override { return store_->contains(owner_of(chain)); }
  [[nodiscard]] std::string source(std::string_view chain) const override { return store_->source(owner_of(chain)); }
  [[nodiscard]] std::vector<std::string> file_names(std::string_view chain) const override {
    return store_->file_names(owner_of(chain));
  }
  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain,
                                                 std::span<const std::string> names) const override {
    return store_->files(owner_of(chain), names);
  }

 private:
  [[nodiscard]] std::string owner_of(std::string_view chain) const {
    const auto found = owners_.find(std::string(chain));
    return found == owners_.end() ? std::string(chain) : found->second;
  }

  std::unique_ptr<AlignmentStore> store_;
  std::unordered_map<std::string, std::string> owners_;  // by chain without files
};

}  // namespace

DuplicateChains parse_duplicate_chains(std::string_view text, const std::string& path) {
  DuplicateChains result;
  std::unordered_set<std::string> seen;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    std::vector<std::string> chains;
    for (std::size_t at = 0; at < line.size();) {
      if (line[at] == ' ' || line[at] == '\t') {
        ++at;
        continue;
      }
      const std::size_t start = at;
      while (at < line.size() && line[at] != ' ' && line[at] != '\t') {
        if (!is_name_character(line[at])) {
          throw InputError(path, lines.number(),
                           shown(line[at]) + " is in no name of a chain; expected names as 1ubi_A separated by blanks");
        }
        ++at;
      }
      chains.emplace_back(line.substr(start, at - start));
      if (!seen.insert(chains.back()).second)
        throw InputError(path, lines.number(), "chain " + chains.back() + " is named twice");
    }
    if (chains.size() > 1) result.push_back(std::move(chains));
  }
  if (seen.empty()) throw InputError(path, "names no chain");
  return result;
}

DuplicateChains read_duplicate_chains(const std::filesystem::path& file) {
  return parse_duplicate_chains(read_text_file(file), file.string());
}

std::unique_ptr<AlignmentStore> share_alignments(std::unique_ptr<AlignmentStore> store,
                                                 const DuplicateChains& duplicates) {
  return std::make_unique<SharedStore>(std::move(store), duplicates);
}

}  // namespace foldperf::trainer

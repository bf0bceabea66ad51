#include "trainer/input/archive_stores.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/compression.hpp"
#include "trainer/input/entry_index.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

// As read_text_file reads a file.
std::string read_text(const ArchiveReader& archive, std::string_view name) {
  std::string bytes = archive.read(name);
  if (is_gzip(bytes)) bytes = gunzip_bytes(bytes, archive.place(name));
  if (bytes.empty()) throw InputError(archive.place(name), "is empty");
  return bytes;
}

class ArchivedStructures final : public StructureStore {
 public:
  explicit ArchivedStructures(const std::filesystem::path& path) : archive_(path) {
    archive_.for_each_name(archived_structures, [&](std::string_view name) {
      const std::filesystem::path file(name);
      if (is_structure_file(file)) index_.add(entry_name(file), std::string(name));
    });
    if (index_.empty()) {
      throw InputError(archive_.path(),
                       "the archive holds no structure file under " + std::string(archived_structures));
    }
  }

  [[nodiscard]] std::string name() const override { return archive_.path(); }
  [[nodiscard]] std::vector<std::string> entries() const override { return index_.entries(); }
  [[nodiscard]] std::optional<std::string> find(std::string_view entry) const override { return index_.find(entry); }
  [[nodiscard]] std::string path(std::string_view entry) const override {
    return archive_.place(index_.file(entry, archive_.path()));
  }
  [[nodiscard]] StructureFile file(std::string_view entry) const override {
    const std::string member = index_.file(entry, archive_.path());
    const std::string file_name = std::filesystem::path(member).filename().string();
    return {name_without_gz(file_name), read_text(archive_, member), archive_.place(member)};
  }

 private:
  ArchiveReader archive_;
  EntryIndex index_;
};

class ArchivedAlignments final : public AlignmentStore {
 public:
  explicit ArchivedAlignments(const std::filesystem::path& path) : archive_(path) {
    archive_.for_each_name(archived_alignments, [&](std::string_view name) {
      name.remove_prefix(archived_alignments.size());
      const std::string_view chain = name.substr(0, name.find('/'));
      if (!chain.empty() && (chains_.empty() || chains_.back() != chain)) chains_.emplace_back(chain);
    });
    // "1abc_A" sorts before "1abc_A-2/x" and that before "1abc_A/x": a folder's row may stand apart from its files'.
    std::sort(chains_.begin(), chains_.end());
    chains_.erase(std::unique(chains_.begin(), chains_.end()), chains_.end());
    if (chains_.empty()) {
      throw InputError(archive_.path(), "the archive holds no alignment under " + std::string(archived_alignments));
    }
  }

  using AlignmentStore::files;

  [[nodiscard]] std::vector<std::string> chains() const override { return chains_; }
  [[nodiscard]] bool contains(std::string_view chain) const override { return !name_of(chain).empty(); }
  [[nodiscard]] std::vector<std::string> file_names(std::string_view chain) const override {
    std::vector<std::string> names;
    for (const auto& [name, member] : list(chain)) names.push_back(name);
    return names;
  }
  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain,
                                                 std::span<const std::string> names) const override {
    std::vector<AlignmentFile> result;
    for (const auto& [name, member] : list(chain)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) continue;
      result.push_back({name, read_text(archive_, member), archive_.place(member)});
    }
    return result;
  }
  [[nodiscard]] std::string source(std::string_view chain) const override {
    const std::string_view name = name_of(chain);
    return name.empty() ? std::string() : archive_.follow(std::string(archived_alignments).append(name));
  }

 private:
  // The chain's own folder or link, else its entry's; empty where there is neither.
  [[nodiscard]] std::string_view name_of(std::string_view chain) const {
    for (const std::string_view name : {chain, entry_of_chain(chain)}) {
      const auto found = std::lower_bound(chains_.begin(), chains_.end(), name, std::less<>());
      if (found != chains_.end() && *found == name) return *found;
    }
    return {};
  }

  // Members by their names in the chain's folder without .gz; of one that is there both ways the plain one.
  [[nodiscard]] std::map<std::string, std::string> list(std::string_view chain) const {
    std::map<std::string, std::string> members;
    const std::string folder = source(chain);
    if (folder.empty()) return members;
    archive_.for_each_name(folder + "/", [&](std::string_view member) {
      const std::string_view file = member.substr(folder.size() + 1);
      if (file.empty() || file.find('/') != std::string_view::npos) return;
      std::string name = name_without_gz(file);
      const bool is_plain = name == file;
      const auto [found, is_new] = members.emplace(std::move(name), member);
      if (!is_new && is_plain) found->second = member;
    });
    std::erase_if(members, [&](const auto& item) {
      return archive_.kind(archive_.follow(item.second)) == ArchiveReader::Kind::folder;
    });
    return members;
  }

  ArchiveReader archive_;
  std::vector<std::string> chains_;  // sorted
};

}  // namespace

std::unique_ptr<StructureStore> open_archived_structures(const std::filesystem::path& archive) {
  return std::make_unique<ArchivedStructures>(archive);
}

std::unique_ptr<AlignmentStore> open_archived_alignments(const std::filesystem::path& archive) {
  return std::make_unique<ArchivedAlignments>(archive);
}

std::optional<ArchivedText> read_archived_text(const std::filesystem::path& archive, std::string_view name) {
  const ArchiveReader reader(archive);
  if (reader.kind(name) == ArchiveReader::Kind::none) return std::nullopt;
  return ArchivedText{read_text(reader, name), reader.place(name)};
}

}  // namespace foldperf::trainer

#include "trainer/input/structure_store.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/entry_index.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

struct Listing {
  std::vector<fs::path> files;       // structure files
  std::vector<fs::path> subfolders;  // with names of two characters
};

Listing list(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator item(folder, error);
  for (; !error && item != fs::directory_iterator(); item.increment(error)) {
    std::error_code ignored;
    const fs::path& path = item->path();
    if (is_structure_file(path)) {
      if (item->is_regular_file(ignored)) listing.files.push_back(path);
    } else if (path.filename().native().size() == 2 && item->is_directory(ignored)) {
      listing.subfolders.push_back(path);
    }
  }
  if (error) throw InputError(folder.string(), "cannot be listed: " + error.message());
  std::sort(listing.files.begin(), listing.files.end());
  std::sort(listing.subfolders.begin(), listing.subfolders.end());
  return listing;
}

class FolderStore final : public StructureStore {
 public:
  explicit FolderStore(const fs::path& folder) : folder_(folder.string()) {
    Listing listing = list(folder);
    add(listing.files);
    for (const fs::path& subfolder : listing.subfolders) add(list(subfolder).files);
    if (index_.empty()) {
      throw InputError(folder_, "the data folder holds no structure file (.cif, .pdb or .ent, each also with .gz)");
    }
  }

  [[nodiscard]] std::string name() const override { return folder_; }
  [[nodiscard]] std::vector<std::string> entries() const override { return index_.entries(); }
  [[nodiscard]] std::optional<std::string> find(std::string_view entry) const override { return index_.find(entry); }
  [[nodiscard]] std::string path(std::string_view entry) const override { return index_.file(entry, folder_); }
  [[nodiscard]] StructureFile file(std::string_view entry) const override {
    std::string path = index_.file(entry, folder_);
    const fs::path file = path;
    return {name_without_gz(file.filename().string()), read_text_file(file), std::move(path)};
  }

 private:
  void add(const std::vector<fs::path>& files) {
    for (const fs::path& file : files) index_.add(entry_name(file), file.string());
  }

  std::string folder_;
  EntryIndex index_;
};

}  // namespace

StructureEntry parse_structure(const StructureFile& file, std::string_view entry, const StructureOptions& options) {
  StructureEntry result = is_mmcif_file(file.name) ? parse_mmcif(file.bytes, file.path, options)
                                                   : parse_pdb(file.bytes, file.path, options);
  // The place of a member in an archive is no path that the parsers could take a name from.
  result.entry = entry;
  for (ProteinChain& chain : result.chains) chain.entry = entry;
  return result;
}

StructureEntry StructureStore::read(std::string_view entry, const StructureOptions& options) const {
  return parse_structure(file(entry), find(entry).value_or(std::string(entry)), options);
}

std::unique_ptr<StructureStore> open_structure_store(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(path.string(), "no such data folder");
  if (is_archive(path)) return open_archived_structures(path);
  if (!fs::is_directory(status)) {
    throw InputError(path.string(), "is no folder and no archive; the data folder holds structure files");
  }
  return std::make_unique<FolderStore>(path);
}

}  // namespace foldperf::trainer

#include "trainer/input/alignment_store.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/alignment_db.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

bool is_wanted(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class FolderStore final : public AlignmentStore {
 public:
  explicit FolderStore(fs::path folder) : folder_(std::move(folder)) {}

  using AlignmentStore::files;

  [[nodiscard]] std::vector<std::string> chains() const override {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entry(folder_, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
    }
    if (error) throw InputError(folder_.string(), "cannot be listed: " + error.message());
    std::sort(names.begin(), names.end());
    return names;
  }

  [[nodiscard]] bool contains(std::string_view chain) const override {
    const std::scoped_lock lock(mutex_);
    if (!listed_) listed_ = chains();
    const auto is_listed = [&](std::string_view name) {
      return std::binary_search(listed_->begin(), listed_->end(), name, std::less<>());
    };
    if (is_listed(chain)) return true;
    const std::string_view entry = entry_of_chain(chain);
    return !entry.empty() && is_listed(entry);
  }

  [[nodiscard]] std::string source(std::string_view chain) const override {
    std::error_code error;
    const fs::path folder = fs::canonical(folder_of(chain), error);
    return error ? std::string() : folder.string();
  }

  [[nodiscard]] std::vector<std::string> file_names(std::string_view chain) const override {
    std::vector<std::string> names;
    for (const auto& [name, path] : list(chain)) names.push_back(name);
    return names;
  }

  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain,
                                                 std::span<const std::string> names) const override {
    std::vector<AlignmentFile> result;
    for (const auto& [name, path] : list(chain)) {
      if (is_wanted(names, name)) result.push_back({name, read_text_file(path), path.string()});
    }
    return result;
  }

 private:
  using Files = std::map<std::string, fs::path>;

  // The chain's files by their names without .gz, those in its folder and those in a3m/ and hhr/ below it (as
  // OpenProteinSet comes); a file that is there several ways counts once, not compressed before compressed.
  [[nodiscard]] Files list(std::string_view chain) const {
    Files files;
    const fs::path folder = folder_of(chain);
    if (!add_files(folder, files)) return files;
    for (const char* kind : {"a3m", "hhr"}) add_files(folder / kind, files);
    return files;
  }

  // False where there is no such folder.
  static bool add_files(const fs::path& folder, Files& files) {
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) return false;
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) continue;
      const fs::path& path = entry->path();
      const std::string name = name_without_gz(path.filename().string());
      if (path.filename() == name) {
        files.insert_or_assign(name, path);
      } else {
        files.emplace(name, path);
      }
    }
    if (error) throw InputError(folder.string(), "cannot be listed: " + error.message());
    return true;
  }

  [[nodiscard]] fs::path folder_of(std::string_view chain) const {
    // A name becomes part of a path: it must not lead out of the folder.
    if (chain.empty() || chain == "." || chain == ".." || chain.find('/') != std::string_view::npos ||
        chain.find('\0') != std::string_view::npos) {
      throw InputError(folder_.string(), "'" + std::string(chain) + "' is no name of a chain");
    }
    fs::path of_chain = folder_ / chain;
    const std::string_view entry = entry_of_chain(chain);
    std::error_code ignored;
    if (entry.empty() || entry == "." || entry == ".." || fs::is_directory(of_chain, ignored)) return of_chain;
    return folder_ / entry;
  }

  fs::path folder_;
  mutable std::mutex mutex_;
  mutable std::optional<std::vector<std::string>> listed_;
};

class DatabaseStore final : public AlignmentStore {
 public:
  DatabaseStore(const fs::path& index, const fs::path& db_folder) : db_(index, db_folder) {}

  using AlignmentStore::files;

  [[nodiscard]] std::vector<std::string> chains() const override { return db_.chains(); }
  [[nodiscard]] bool contains(std::string_view chain) const override { return !db_.db_file(chain).empty(); }
  [[nodiscard]] std::string source(std::string_view chain) const override { return db_.source(chain); }
  [[nodiscard]] std::vector<std::string> file_names(std::string_view chain) const override {
    return db_.file_names(chain);
  }
  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain,
                                                 std::span<const std::string> names) const override {
    std::vector<AlignmentFile> result;
    for (std::string& name : db_.file_names(chain)) {
      if (!is_wanted(names, name)) continue;
      std::string path = db_.db_file(chain).string() + "(" + std::string(chain) + "/" + name + ")";
      std::string bytes = db_.read(chain, name);
      if (bytes.empty()) throw InputError(path, "is empty");
      if (bytes.starts_with("\x1f\x8b")) {
        throw InputError(path, "is compressed; make the database from files that are not");
      }
      result.push_back({std::move(name), std::move(bytes), std::move(path)});
    }
    return result;
  }

 private:
  AlignmentDb db_;
};

}  // namespace

std::vector<AlignmentFile> AlignmentStore::files(std::string_view chain) const {
  return files(chain, file_names(chain));
}

std::vector<AlignmentFile> AlignmentStore::files(std::string_view chain, AlignmentFileKind kind) const {
  std::vector<std::string> names = file_names(chain);
  std::erase_if(names, [&](const std::string& name) { return alignment_file_kind(name) != kind; });
  return names.empty() ? std::vector<AlignmentFile>() : files(chain, names);
}

std::unique_ptr<AlignmentStore> open_alignment_store(const fs::path& path, const fs::path& db_folder) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) return std::make_unique<FolderStore>(path);
  if (!fs::exists(status)) {
    throw InputError(path.string(),
                     "no such alignments; give a folder with a folder a chain, the .index file of an alignment_db, or "
                     "a packed archive");
  }
  if (!fs::is_regular_file(status)) {
    throw InputError(path.string(), "is neither a folder nor an index file nor an archive");
  }
  if (is_archive(path)) return open_archived_alignments(path);
  return std::make_unique<DatabaseStore>(path, db_folder);
}

Alignment parse_alignment(const AlignmentFile& file) { return parse_alignment_text(file.bytes, file.name, file.path); }

}  // namespace foldperf::trainer

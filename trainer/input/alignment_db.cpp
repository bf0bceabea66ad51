#include "trainer/input/alignment_db.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/json_entries.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
using nlohmann::json;

struct AlignmentDb::Shard {
  fs::path path;
  int file = -1;
  std::uint64_t size = 0;

  explicit Shard(fs::path where) : path(std::move(where)) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard() {
    if (file >= 0) ::close(file);
  }
  // Empty, or why the file cannot be used.
  std::string open() {
    // Not blocking, so that a pipe of this name is refused, not waited for.
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat facts {};
    if (file < 0 || ::fstat(file, &facts) != 0) return std::system_category().message(errno);
    if (!S_ISREG(facts.st_mode)) return "it is no regular file";
    size = static_cast<std::uint64_t>(facts.st_size);
    return {};
  }
};

// Fills a database from its index.
class AlignmentDb::Loader {
 public:
  Loader(AlignmentDb& db, const fs::path& index, fs::path folder)
      : db_(db), folder_(std::move(folder)), own_db_(index.stem().string() + ".db") {}

  void add(const std::string& chain, const json& value) {
    const bool is_super = value.is_object();
    if (!is_super && !value.is_array()) fail(chain, form);
    if (is_super &&
        (!value.contains("db") || !value["db"].is_string() || !value.contains("files") || !value["files"].is_array())) {
      fail(chain, form);
    }
    const std::uint32_t shard = shard_of(chain, is_super ? value["db"].get_ref<const std::string&>() : own_db_);
    const json& files = is_super ? value["files"] : value;
    const std::size_t first = db_.ranges_.size();
    for (const json& file : files) add_file(chain, shard, file);
    db_.chains_.insert_or_assign(chain, Chain{shard, static_cast<std::uint32_t>(db_.ranges_.size() - first), first});
  }

 private:
  static constexpr const char* form =
      R"(is neither {"db": file, "files": [[name, start, size], ...]} nor [[name, start, size], ...])";

  [[noreturn]] void fail(const std::string& chain, const std::string& message) const {
    throw InputError(db_.index_, "chain '" + chain + "': " + message);
  }

  std::uint32_t shard_of(const std::string& chain, const std::string& name) {
    const auto known = shard_ids_.find(name);
    if (known != shard_ids_.end()) return known->second;
    if (name.empty() || name.find('\0') != std::string::npos)
      fail(chain, "the name of its .db file is empty or damaged");
    auto shard = std::make_unique<Shard>(folder_ / name);
    const std::string problem = shard->open();
    if (!problem.empty()) {
      fail(chain, "its database " + shard->path.string() + " cannot be opened: " + problem +
                      "; the .db files belong beside the index");
    }
    const auto id = static_cast<std::uint32_t>(db_.shards_.size());
    db_.shards_.push_back(std::move(shard));
    shard_ids_.emplace(name, id);
    return id;
  }

  std::uint32_t name_id(const std::string& name) {
    const auto [found, is_new] = name_ids_.emplace(name, static_cast<std::uint32_t>(db_.names_.size()));
    if (is_new) db_.names_.push_back(name);
    return found->second;
  }

  void add_file(const std::string& chain, std::uint32_t shard_id, const json& file) {
    if (!file.is_array() || file.size() != 3 || !file[0].is_string()) {
      fail(chain, "a file is not listed as [name, start, size]");
    }
    const auto& name = file[0].get_ref<const std::string&>();
    if (name.empty()) fail(chain, "a file has no name");
    if (!file[1].is_number_unsigned() || !file[2].is_number_unsigned()) {
      fail(chain, "file '" + name + "': start and size must be whole numbers of bytes, from 0");
    }
    const Range range{name_id(name), file[1].get<std::uint64_t>(), file[2].get<std::uint64_t>()};
    const Shard& shard = *db_.shards_[shard_id];
    if (range.start > shard.size || range.size > shard.size - range.start) {
      fail(chain, "file '" + name + "': bytes " + std::to_string(range.start) + " + " + std::to_string(range.size) +
                      " end behind the end of " + shard.path.string() + " (" + std::to_string(shard.size) +
                      " bytes): the database is truncated, or the index is that of another one");
    }
    db_.ranges_.push_back(range);
  }

  AlignmentDb& db_;
  fs::path folder_;
  std::string own_db_;
  TextMap<std::uint32_t> shard_ids_;
  TextMap<std::uint32_t> name_ids_;
};

AlignmentDb::AlignmentDb(const fs::path& index, const fs::path& db_folder) : index_(index.string()) {
  const std::string text = read_text_file(index);
  Loader loader(*this, index, db_folder.empty() ? index.parent_path() : db_folder);
  for_each_json_entry(text, index_, [&](const std::string& chain, const json& value) { loader.add(chain, value); });
  if (chains_.empty()) throw InputError(index_, "the index names no chain");
  ranges_.shrink_to_fit();
}

AlignmentDb::~AlignmentDb() = default;

std::vector<std::string> AlignmentDb::chains() const {
  std::vector<std::string> names;
  names.reserve(chains_.size());
  for (const auto& [name, chain] : chains_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> AlignmentDb::file_names(std::string_view chain) const {
  std::vector<std::string> names;
  const auto found = chains_.find(chain);
  if (found == chains_.end()) return names;
  for (std::size_t i = 0; i < found->second.count; ++i) names.push_back(names_[ranges_[found->second.first + i].name]);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

fs::path AlignmentDb::db_file(std::string_view chain) const {
  const auto found = chains_.find(chain);
  return found == chains_.end() ? fs::path() : shards_[found->second.shard]->path;
}

std::string AlignmentDb::source(std::string_view chain) const {
  const auto found = chains_.find(chain);
  if (found == chains_.end()) return {};
  std::string text = std::to_string(found->second.shard);
  for (std::size_t i = 0; i < found->second.count; ++i) {
    const Range& range = ranges_[found->second.first + i];
    text.append(";").append(std::to_string(range.name)).append(",").append(std::to_string(range.start));
    text.append(",").append(std::to_string(range.size));
  }
  return text;
}

std::string AlignmentDb::read(std::string_view chain, std::string_view file) const {
  const auto fail = [&](const std::string& message) {
    throw InputError(index_, "chain '" + std::string(chain) + "', file '" + std::string(file) + "': " + message);
  };
  const auto found = chains_.find(chain);
  if (found == chains_.end()) fail("no such chain in the index");
  // Of a file that is listed twice the last counts, as in OpenFold.
  const Range* range = nullptr;
  for (std::size_t i = 0; i < found->second.count; ++i) {
    const Range& candidate = ranges_[found->second.first + i];
    if (names_[candidate.name] == file) range = &candidate;
  }
  if (range == nullptr) fail("no such file in the index");
  const Shard& shard = *shards_[found->second.shard];
  std::string bytes(range->size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(shard.file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(range->start + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(shard.path.string() + " cannot be read: " + std::system_category().message(errno));
    if (count == 0) fail(shard.path.string() + " has become shorter since it was opened");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace foldperf::trainer

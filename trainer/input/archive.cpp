#include "trainer/input/archive.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/database/open_file.hpp"
#include "core/database/sqlite.hpp"
#include "core/error.hpp"
#include "trainer/input/compression.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
namespace sqlite = database::sqlite;

namespace {

constexpr std::string_view magic("SQLite format 3\0", 16);

// What tells a file from another that took its name.
struct Identity {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  bool operator==(const Identity&) const = default;
};

Identity identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw InputError(path, "no such archive");
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

template <class F>
decltype(auto) as_input_error(const std::string& place, F&& f) {
  try {
    return f();
  } catch (const sqlite::SqliteError& error) {
    throw InputError(place, (error.damaged() ? "is damaged: " : "cannot be read: ") + error.reason());
  }
}

// A row without its data.
struct Row {
  std::int64_t id = 0;
  std::int64_t mode = 0;
  std::int64_t size = 0;
  bool has_data = false;
};

ArchiveReader::Kind kind_of(const Row& row) {
  const auto type = static_cast<mode_t>(row.mode) & S_IFMT;
  if (type == S_IFDIR) return ArchiveReader::Kind::folder;
  return type == S_IFLNK ? ArchiveReader::Kind::link : ArchiveReader::Kind::file;
}

class Blob {
 public:
  Blob(sqlite::Connection& connection, std::int64_t row) : connection_(connection) {
    const int code = sqlite3_blob_open(connection.handle(), "main", "sqlar", "data", row, 0, &blob_);
    if (code != SQLITE_OK) connection.fail(code, "reading data");
  }
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;
  ~Blob() { sqlite3_blob_close(blob_); }

  // A size that the row only claims costs no memory: what is not there ends the reading.
  [[nodiscard]] std::string read() const {
    constexpr std::size_t step = std::size_t{1} << 20;
    const auto size = static_cast<std::size_t>(sqlite3_blob_bytes(blob_));
    std::string bytes;
    while (bytes.size() < size) {
      const std::size_t start = bytes.size();
      bytes.resize(std::min(size, start + std::max(step, start)));
      const int code = sqlite3_blob_read(blob_, bytes.data() + start, static_cast<int>(bytes.size() - start),
                                         static_cast<int>(start));
      if (code != SQLITE_OK) connection_.fail(code, "reading data");
    }
    return bytes;
  }

 private:
  sqlite::Connection& connection_;
  sqlite3_blob* blob_ = nullptr;
};

// Used by one thread at a time.
class Link {
 public:
  explicit Link(const std::string& path)
      : connection_(database::file_uri(path, "mode=ro&immutable=1"), sqlite::OpenMode::read_only, path) {
    connection_.distrust();
    connection_.exec("PRAGMA cache_size=-1024");
    // Neither statement loads data, and the second is answered from the index of the names alone.
    find_.emplace(connection_, "SELECT rowid, mode, sz, typeof(data) FROM sqlar WHERE name = ?1");
    list_.emplace(connection_, "SELECT name FROM sqlar WHERE name >= ?1 AND name < ?2 ORDER BY name");
  }

  std::optional<Row> find(std::string_view name) {
    find_->reset();
    find_->bind(1, name);
    std::optional<Row> row;
    if (find_->step()) row = Row{find_->integer(0), find_->integer(1), find_->integer(2), find_->text(3) != "null"};
    find_->reset();
    return row;
  }

  void list(const std::string& prefix, const std::string& end, const std::function<void(std::string_view)>& use) {
    list_->reset();
    list_->bind(1, prefix);
    list_->bind(2, end);
    while (list_->step()) use(list_->text(0));
    list_->reset();
  }

  std::string data(const Row& row) { return row.has_data ? Blob(connection_, row.id).read() : std::string(); }

 private:
  sqlite::Connection connection_;
  std::optional<sqlite::Statement> find_;
  std::optional<sqlite::Statement> list_;
};

}  // namespace

class ArchiveReader::Pool {
 public:
  explicit Pool(std::string path) : path_(std::move(path)), identity_(identity_of(path_)) {
    for (const char* suffix : {"-journal", "-wal"}) {
      std::error_code error;
      const auto size = fs::file_size(path_ + suffix, error);
      if (error || size == 0) continue;
      throw InputError(path_, std::string("its writer did not finish: there is a ") + suffix +
                                  " file beside it; let `sqlite3 FILE .tables` clean up, or make the archive anew");
    }
    try {
      idle_.push_back(std::make_unique<Link>(path_));
    } catch (const sqlite::SqliteError& error) {
      if (error.damaged()) throw InputError(path_, "is damaged: " + error.reason());
      if (error.code() == ExitCode::system) throw InputError(path_, "cannot be read: " + error.reason());
      throw InputError(path_,
                       "is an SQLite file but no archive as `sqlite3 FILE -Ac` and pack make it: " + error.reason());
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  // Calls `f` with a connection that no other thread has meanwhile. One that something went wrong with is not kept.
  template <class F>
  auto with(const std::string& place, F&& f) {
    return as_input_error(place, [&] {
      std::unique_ptr<Link> link = take();
      struct Return {
        Pool& pool;
        std::unique_ptr<Link>& link;
        int exceptions = std::uncaught_exceptions();
        ~Return() {
          if (std::uncaught_exceptions() == exceptions) pool.give(std::move(link));
        }
      } give_back{*this, link};
      return f(*link);
    });
  }

 private:
  std::unique_ptr<Link> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto link = std::move(idle_.back());
        idle_.pop_back();
        return link;
      }
    }
    if (identity_of(path_) != identity_) throw InputError(path_, "was changed while it was in use");
    return std::make_unique<Link>(path_);
  }
  void give(std::unique_ptr<Link> link) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(link));
  }

  std::string path_;
  Identity identity_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Link>> idle_;
};

bool is_archive(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  std::array<char, magic.size()> bytes{};
  file.read(bytes.data(), bytes.size());
  return file && std::string_view(bytes.data(), bytes.size()) == magic;
}

ArchiveReader::ArchiveReader(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) throw InputError(path.string(), "no such archive");
  if (!is_archive(path))
    throw InputError(path.string(), "is no archive (an SQLite file, as `sqlite3 FILE -Ac` makes it)");
  pool_ = std::make_unique<Pool>(path.string());
}

ArchiveReader::~ArchiveReader() = default;

std::string ArchiveReader::path() const { return pool_->path(); }

std::string ArchiveReader::place(std::string_view name) const {
  return std::string(pool_->path()).append("(").append(name).append(")");
}

void ArchiveReader::for_each_name(std::string_view prefix, const std::function<void(std::string_view)>& use) const {
  std::string end(prefix);
  ++end.back();
  std::string last;
  pool_->with(pool_->path(), [&](Link& link) {
    link.list(std::string(prefix), end, [&](std::string_view name) {
      // Names are in order, and each is there once: pages of a damaged index that lead to one another end here. So does
      // a search in one that lands elsewhere.
      if (name <= last || !name.starts_with(prefix)) {
        throw InputError(pool_->path(), "is damaged: the names of its members are out of order");
      }
      last = name;
      use(name);
    });
  });
}

ArchiveReader::Kind ArchiveReader::kind(std::string_view name) const {
  const auto row = pool_->with(place(name), [&](Link& link) { return link.find(name); });
  return row ? kind_of(*row) : Kind::none;
}

std::string ArchiveReader::follow(std::string_view name) const {
  constexpr int most_links = 8;
  std::string current(name);
  for (int i = 0; i < most_links; ++i) {
    std::string target;
    const bool is_link = pool_->with(place(current), [&](Link& link) {
      const auto row = link.find(current);
      if (!row || kind_of(*row) != Kind::link) return false;
      target = link.data(*row);
      return true;
    });
    if (!is_link) return current;
    const fs::path next = (fs::path(current).parent_path() / target).lexically_normal();
    if (target.empty() || next.is_absolute() || next.begin()->string() == ".." ||
        target.find('\0') != std::string::npos) {
      throw InputError(place(current), "is a link that leads out of the archive");
    }
    current = next.string();
  }
  throw InputError(place(name), "is a link to links without end");
}

std::string ArchiveReader::read(std::string_view name) const {
  const std::string target = follow(name);
  const std::string where = place(target);
  Row row;
  std::string data = pool_->with(where, [&](Link& link) {
    const auto found = link.find(target);
    if (!found) throw InputError(where, "no such file in the archive");
    row = *found;
    if (kind_of(row) != Kind::file) throw InputError(where, "is a folder; a file was expected");
    return link.data(row);
  });
  if (row.size < 0) throw InputError(where, "is damaged: its size is negative");
  const auto size = static_cast<std::uint64_t>(row.size);
  if (size == data.size()) return data;
  return inflate_bytes(data, size, where);
}

}  // namespace foldperf::trainer

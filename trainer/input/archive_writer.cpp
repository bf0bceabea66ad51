#include "trainer/input/archive_writer.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "core/database/sqlite.hpp"
#include "core/error.hpp"
#include "trainer/input/compression.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
namespace sqlite = database::sqlite;

namespace {

// A transaction's size: so much is lost from the cache at once, and a member more than fits is spilled.
constexpr std::uint64_t transaction_bytes = std::uint64_t{256} << 20;
constexpr std::int64_t file_mode = S_IFREG | 0644;
constexpr std::int64_t link_mode = S_IFLNK | 0777;

std::string reason_of(int code) { return std::system_category().message(code); }

bool is_member_name(std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) return false;
  const fs::path path(name);
  if (path.is_absolute() || path.lexically_normal().native() != name) return false;
  return *path.begin() != ".." && *path.begin() != "." && path.has_filename();
}

// To the disk, so that a machine that fails after the name was given leaves no empty archive under it.
void sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_stored = file >= 0 && ::fsync(file) == 0;
  const int code = errno;
  if (file >= 0) ::close(file);
  if (!is_stored) throw SystemError(path + ": cannot be written to the disk: " + reason_of(code));
}

}  // namespace

PackedBytes pack_bytes(std::string bytes, int level) {
  const std::uint64_t size = bytes.size();
  std::string packed = deflate_bytes(bytes, level);
  return {packed.size() < bytes.size() ? std::move(packed) : std::move(bytes), size};
}

class ArchiveWriter::Output {
 public:
  Output(const fs::path& archive, const ArchiveWriterOptions& options)
      : archive_(archive.string()),
        folder_(archive.has_parent_path() ? archive.parent_path().string() : "."),
        part_(archive_ + ".part-" + std::to_string(getpid())),
        options_(options) {
    std::error_code ignored;
    if (!fs::is_directory(folder_, ignored)) throw SystemError(folder_ + ": no such folder to write the archive into");
    refuse_to_overwrite();
    fs::remove(part_, ignored);
    try {
      as_system_error([&] {
        connection_.emplace(part_, sqlite::OpenMode::create, archive_);
        // A file that is thrown away where something fails needs no journal.
        connection_->exec(
            "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
            "CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB);"
            "BEGIN");
        insert_.emplace(*connection_, "INSERT INTO sqlar(name, mode, mtime, sz, data) VALUES(?1, ?2, ?3, ?4, ?5)");
      });
    } catch (...) {
      discard();
      throw;
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (connection_) discard();
  }

  void add(std::string_view name, std::int64_t mode, std::int64_t size, std::string_view data) {
    const std::string place = std::string(archive_).append("(").append(name).append(")");
    if (!is_member_name(name)) throw InputError(place, "is no name for a member of an archive");
    if (data.size() > static_cast<std::size_t>(sqlite3_limit(connection_->handle(), SQLITE_LIMIT_LENGTH, -1)) - 4096) {
      throw InputError(place, "is too large for an archive, with " + std::to_string(data.size()) + " bytes compressed");
    }
    as_system_error([&] {
      insert_->bind(1, name);
      insert_->bind(2, mode);
      insert_->bind(3, static_cast<std::int64_t>(options_.time));
      insert_->bind(4, size);
      insert_->bind_blob(5, data);
      try {
        insert_->run();
      } catch (const sqlite::SqliteError& error) {
        if (error.primary_code() == SQLITE_CONSTRAINT) throw InputError(place, "is added twice");
        throw;
      }
      pending_ += data.size();
      if (pending_ < transaction_bytes) return;
      connection_->exec("COMMIT; BEGIN");
      pending_ = 0;
    });
  }

  void finish() {
    try {
      as_system_error([&] { connection_->exec("COMMIT"); });
      close();
      sync(part_);
      refuse_to_overwrite();
      if (std::rename(part_.c_str(), archive_.c_str()) != 0) {
        throw SystemError(archive_ + ": cannot be written: " + reason_of(errno));
      }
    } catch (...) {
      discard();
      throw;
    }
    // Of a name that gets lost with the machine nothing is lost but the name: file systems that cannot are forgiven.
    const int folder = ::open(folder_.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
  }

 private:
  void refuse_to_overwrite() const {
    std::error_code ignored;
    if (fs::is_directory(archive_, ignored)) throw UsageError(archive_ + ": is a folder; name a file for the archive");
    if (options_.overwrite || !fs::exists(fs::symlink_status(archive_, ignored))) return;
    throw UsageError(archive_ + ": is there already, and is not overwritten unless asked for");
  }

  template <class F>
  void as_system_error(F&& f) const {
    try {
      f();
    } catch (const sqlite::SqliteError& error) {
      throw SystemError(archive_ + ": cannot be written: " + error.reason());
    }
  }

  void close() {
    insert_.reset();
    connection_.reset();
  }
  void discard() {
    close();
    std::error_code ignored;
    fs::remove(part_, ignored);
  }

  std::string archive_;
  std::string folder_;
  std::string part_;
  ArchiveWriterOptions options_;
  std::optional<sqlite::Connection> connection_;
  std::optional<sqlite::Statement> insert_;
  std::uint64_t pending_ = 0;  // bytes of the transaction
};

ArchiveWriter::ArchiveWriter(const fs::path& archive, const ArchiveWriterOptions& options)
    : output_(std::make_unique<Output>(archive, options)) {}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::add(std::string_view name, const PackedBytes& file) {
  if (file.size > largest_inflated) throw InputError(std::string(name), "is larger than 4 GiB");
  output_->add(name, file_mode, static_cast<std::int64_t>(file.size), file.bytes);
}

void ArchiveWriter::add_link(std::string_view name, std::string_view target) {
  // The format's own size for links is -1, over which `sqlite3 FILE -Ax` stumbles before version 3.46. It takes this
  // one too, and goes by the mode.
  output_->add(name, link_mode, static_cast<std::int64_t>(target.size()), target);
}

void ArchiveWriter::finish() { output_->finish(); }

}  // namespace foldperf::trainer

// Writes archives that ArchiveReader (archive.hpp) and `sqlite3 FILE -A` read.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// A file as an archive stores it.
struct PackedBytes {
  std::string bytes;       // in zlib's format where that is shorter, else as they are
  std::uint64_t size = 0;  // of the file
};

// Level: 1 (fast) to 9 (small). May be called by many threads at once, while another writes.
PackedBytes pack_bytes(std::string bytes, int level = 6);

struct ArchiveWriterOptions {
  bool overwrite = false;
  std::time_t time = std::time(nullptr);  // of the members
};

// The archive is written under a name of its own, <archive>.part-<process id>, and takes its name in `finish`, on the
// disk by then. One that is not finished leaves nothing. Used by one thread at a time.
//
// Members throw SystemError where it cannot be written (no room, no permission).
class ArchiveWriter {
 public:
  // Throws UsageError where there is such a file and overwrite is not set.
  explicit ArchiveWriter(const std::filesystem::path& archive, const ArchiveWriterOptions& options = {});
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // Names are relative paths without "." and "..", each once. Throws InputError for others, and for a file of more than
  // 4 GiB, or of about a gigabyte when packed.
  void add(std::string_view name, const PackedBytes& file);
  // A symbolic link: `target` is relative to the folder that `name` is in.
  void add_link(std::string_view name, std::string_view target);
  // Throws UsageError where the archive came to be meanwhile and overwrite is not set.
  void finish();

 private:
  class Output;
  std::unique_ptr<Output> output_;
};

}  // namespace foldperf::trainer

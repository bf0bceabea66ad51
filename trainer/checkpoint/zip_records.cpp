#include "trainer/checkpoint/zip_records.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// PKWARE's APPNOTE.TXT, 4.3 and 4.5.3.
constexpr std::uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50, locator64_signature = 0x07064b50,
                        entry_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr std::size_t end_size = 22, end64_size = 56, locator64_size = 20, entry_size = 46, local_size = 30;
constexpr std::uint64_t longest_remark = 65535;
constexpr std::uint32_t in_extra_field = 0xffffffff;  // a number too large for 32 bits

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// Whether an error of open says that there is no such file. All others tell of the machine (permission, too many open
// files, a server that is away) and nothing of the file.
bool is_missing(int error) { return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP; }

class File : public ByteSource {
 public:
  explicit File(const std::string& path) : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
      const int error = errno;
      const std::string text = std::string("cannot be opened: ") + std::strerror(error);
      if (is_missing(error)) throw InputError(path, text);
      throw SystemError(path + ": " + text);
    }
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) {
      const int error = errno;
      ::close(descriptor_);
      throw SystemError(path + ": cannot be read: " + std::strerror(error));
    }
    if (!S_ISREG(status.st_mode)) {
      ::close(descriptor_);
      throw InputError(path, S_ISDIR(status.st_mode) ? "is a folder, not a file" : "is no file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~File() override { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  void read(std::uint64_t offset, std::span<char> to) const override {
    while (!to.empty()) {
      const ssize_t count = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw SystemError(path_ + ": cannot be read: " + std::strerror(errno));
      if (count == 0) throw InputError(path_, "became shorter while it was read");
      offset += static_cast<std::uint64_t>(count);
      to = to.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

// Sizes and offset of a directory's entry, from its extra fields where they are too large for their own.
bool read_large_numbers(std::string_view extra, std::uint64_t& stored, std::uint64_t& size, std::uint64_t& offset) {
  while (extra.size() >= 4) {
    const std::uint64_t id = number(extra, 0, 2), length = number(extra, 2, 2);
    if (length > extra.size() - 4) return false;
    std::string_view field = extra.substr(4, length);
    extra.remove_prefix(4 + length);
    if (id != 1) continue;
    for (std::uint64_t* value : {&size, &stored, &offset}) {
      if (*value != in_extra_field) continue;
      if (field.size() < 8) return false;
      *value = number(field, 0, 8);
      field.remove_prefix(8);
    }
  }
  return true;
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) { return std::make_unique<File>(path); }

void ZipRecords::fail(const std::string& message) const { throw InputError(path_, message); }

std::string ZipRecords::bytes(std::uint64_t offset, std::uint64_t size) const {
  if (offset > source_->size() || size > source_->size() - offset)
    fail("is damaged: its directory points behind its end");
  std::string result(size, '\0');
  source_->read(offset, result);
  return result;
}

ZipRecords::ZipRecords(std::unique_ptr<ByteSource> source, std::string path)
    : source_(std::move(source)), path_(std::move(path)) {
  const std::uint64_t file_size = source_->size();
  const std::string head = bytes(0, std::min<std::uint64_t>(file_size, 13));
  if (head.substr(0, 4) != "PK\x03\x04") {
    if (head.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50")) {
      fail(
          "is in the format that torch.save wrote before PyTorch 1.6: write it again in Python, "
          "torch.save(torch.load(old), new)");
    }
    fail(file_size == 0 ? "is empty" : "is no file that torch.save wrote");
  }

  // The end record stands before a remark that nearly nobody writes.
  const std::uint64_t tail_size = std::min<std::uint64_t>(file_size, end_size + longest_remark);
  const std::uint64_t tail_offset = file_size - tail_size;
  const std::string tail = bytes(tail_offset, tail_size);
  std::optional<std::size_t> end;
  if (tail.size() >= end_size) {
    for (std::size_t at = tail.size() - end_size + 1; at-- > 0 && !end;) {
      if (number(tail, at, 4) == end_signature) end = at;
    }
  }
  if (!end) fail("is cut off: the directory at its end is missing");
  std::uint64_t count = number(tail, *end + 10, 2), size = number(tail, *end + 12, 4),
                offset = number(tail, *end + 16, 4);
  const std::uint64_t end_offset = tail_offset + *end;
  if (end_offset >= locator64_size) {
    const std::string locator = bytes(end_offset - locator64_size, locator64_size);
    if (number(locator, 0, 4) == locator64_signature) {
      const std::string large = bytes(number(locator, 8, 8), end64_size);
      if (number(large, 0, 4) != end64_signature) fail("is damaged: its directory is not where its end says");
      count = number(large, 32, 8);
      size = number(large, 40, 8);
      offset = number(large, 48, 8);
    }
  }

  const std::string directory = bytes(offset, size);
  std::string_view rest = directory;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (rest.size() < entry_size || number(rest, 0, 4) != entry_signature) fail("is damaged: its directory breaks off");
    const std::uint64_t method = number(rest, 10, 2);
    ZipRecord record;
    record.crc = static_cast<std::uint32_t>(number(rest, 16, 4));
    std::uint64_t stored = number(rest, 20, 4);
    record.size = number(rest, 24, 4);
    const std::uint64_t name_size = number(rest, 28, 2), extra_size = number(rest, 30, 2),
                        remark_size = number(rest, 32, 2);
    std::uint64_t local = number(rest, 42, 4);
    rest.remove_prefix(entry_size);
    if (name_size + extra_size + remark_size > rest.size()) fail("is damaged: its directory breaks off");
    std::string name(rest.substr(0, name_size));
    if (!read_large_numbers(rest.substr(name_size, extra_size), stored, record.size, local)) {
      fail("is damaged: record " + name + " has no size");
    }
    rest.remove_prefix(name_size + extra_size + remark_size);
    record.is_compressed = method != 0 || stored != record.size;
    const std::string header = bytes(local, local_size);
    if (number(header, 0, 4) != local_signature)
      fail("is damaged: record " + name + " is not where the directory says");
    record.offset = local + local_size + number(header, 26, 2) + number(header, 28, 2);
    if (!record.is_compressed && (record.offset > file_size || record.size > file_size - record.offset)) {
      fail("is damaged: record " + name + " lies behind its end");
    }
    const std::size_t folder = name.find('/');
    records_.insert_or_assign(folder == name.npos ? name : name.substr(folder + 1), record);
  }
}

const ZipRecord& ZipRecords::at(std::string_view name) const {
  const auto found = records_.find(name);
  if (found == records_.end()) fail("has no record " + std::string(name));
  return found->second;
}

void ZipRecords::read(std::string_view name, std::span<char> to) const {
  const ZipRecord& record = at(name);
  if (record.is_compressed) fail("has compressed records, which torch.save does not write");
  if (to.size() != record.size) {
    fail("is damaged: record " + std::string(name) + " has " + std::to_string(record.size) + " bytes, not " +
         std::to_string(to.size()));
  }
  source_->read(record.offset, to);
  const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(to.data()), to.size());
  if (crc != record.crc) fail("is damaged: the checksum of record " + std::string(name) + " is wrong");
}

std::string ZipRecords::read(std::string_view name) const {
  const ZipRecord& record = at(name);
  if (record.is_compressed) fail("has compressed records, which torch.save does not write");
  std::string result(record.size, '\0');
  read(name, result);
  return result;
}

}  // namespace foldperf::trainer

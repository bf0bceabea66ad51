// The records of a file of torch.save: a zip archive without compression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// Bytes that may be read from anywhere.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `to` from `offset`; both lie within the source. Throws SystemError where the system refuses.
  virtual void read(std::uint64_t offset, std::span<char> to) const = 0;
};

// A file. Throws InputError where there is none, SystemError where the system refuses to open it.
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

struct ZipRecord {
  std::uint64_t offset = 0;  // of its bytes
  std::uint64_t size = 0;
  std::uint32_t crc = 0;       // CRC-32 of its bytes
  bool is_compressed = false;  // torch.save does not compress: such a record cannot be read
};

class ZipRecords {
 public:
  // Reads the directory. Throws InputError for what is no such archive, saying what it is instead where that is known
  // (an older format of PyTorch), and for one that is cut off. `path` is for messages.
  ZipRecords(std::unique_ptr<ByteSource> source, std::string path);

  // By name without the folder that they all lie in: "data.pkl", "data/0".
  [[nodiscard]] const std::map<std::string, ZipRecord, std::less<>>& all() const { return records_; }
  // Throws InputError where there is no such record.
  [[nodiscard]] const ZipRecord& at(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return records_.find(name) != records_.end(); }

  // Fills `to`, which is of the record's size, and compares the checksum. Throws InputError for a record that is
  // damaged or compressed. May be called from several threads at once.
  void read(std::string_view name, std::span<char> to) const;
  [[nodiscard]] std::string read(std::string_view name) const;

 private:
  [[noreturn]] void fail(const std::string& message) const;
  [[nodiscard]] std::string bytes(std::uint64_t offset, std::uint64_t size) const;

  std::unique_ptr<ByteSource> source_;
  std::string path_;
  std::map<std::string, ZipRecord, std::less<>> records_;
};

}  // namespace foldperf::trainer

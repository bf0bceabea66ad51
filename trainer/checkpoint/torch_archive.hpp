// A file of torch.save, read without LibTorch: its pickle, and the bytes of its storages.
#pragma once

#include <memory>
#include <string>

#include "trainer/checkpoint/pickle_value.hpp"
#include "trainer/checkpoint/zip_records.hpp"

namespace foldperf::trainer {

class TorchArchive {
 public:
  // Throws InputError for what torch.save did not write (TorchScript modules among them), and for what a big-endian
  // machine wrote.
  explicit TorchArchive(const std::string& path) : TorchArchive(open_bytes(path), path) {}
  TorchArchive(std::unique_ptr<ByteSource> source, const std::string& path);

  [[nodiscard]] const PickleValue& root() const { return pickle_.root(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const ZipRecords& records() const { return records_; }
  // The record of a storage's bytes.
  [[nodiscard]] static std::string record_of(const PickleStorage& storage) {
    return "data/" + std::string(storage.key);
  }

 private:
  std::string path_;
  ZipRecords records_;
  Pickle pickle_;
};

}  // namespace foldperf::trainer

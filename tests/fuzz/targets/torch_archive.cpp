#include "trainer/checkpoint/torch_archive.hpp"

#include <cstring>
#include <memory>

#include "tests/fuzz/frame/fuzz_target.hpp"

using namespace foldperf;

namespace {

class Memory : public trainer::ByteSource {
 public:
  explicit Memory(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<char> to) const override {
    fuzz::require(offset <= bytes_.size() && to.size() <= bytes_.size() - offset, "it reads within the file");
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
  }

 private:
  std::string_view bytes_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.pt", [](std::string_view bytes) {
    const trainer::TorchArchive archive(std::make_unique<Memory>(bytes), "fuzz.pt");
    for (const auto& [name, record] : archive.records().all()) {
      if (record.is_compressed) continue;
      fuzz::require(archive.records().read(name).size() == record.size, "a record is as long as it says");
    }
    const auto* dictionary = archive.root().as<trainer::PickleDictionary>();
    if (dictionary == nullptr) return;
    for (const auto& [key, value] : dictionary->entries) {
      const auto* tensor = value->as<trainer::PickleTensor>();
      if (tensor == nullptr) continue;
      const std::string record = trainer::TorchArchive::record_of(tensor->storage);
      if (archive.records().contains(record)) (void)archive.records().read(record);
    }
  });
}

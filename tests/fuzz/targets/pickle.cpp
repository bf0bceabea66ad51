#include "tests/fuzz/frame/fuzz_target.hpp"
#include "trainer/checkpoint/pickle_reader.hpp"

using namespace foldperf;

namespace {

void check(const trainer::PickleTensor& tensor) {
  fuzz::require(tensor.sizes.size() == tensor.strides.size(), "a tensor has a stride for each size");
  std::int64_t last = tensor.offset, count = 1;
  for (std::size_t i = 0; i < tensor.sizes.size(); ++i) {
    count *= tensor.sizes[i];
    if (tensor.sizes[i] > 0) last += (tensor.sizes[i] - 1) * tensor.strides[i];
  }
  fuzz::require(count <= tensor.storage.elements, "a tensor has no more elements than its storage");
  fuzz::require(count == 0 || (tensor.offset >= 0 && last < tensor.storage.elements), "it lies within it");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.pt", [](std::string_view bytes) {
    trainer::Pickle pickle = trainer::read_pickle(bytes, "fuzz.pt");
    const trainer::Pickle moved = std::move(pickle);  // views into it stay good
    fuzz::require(!moved.root().kind().empty(), "what was read is of some kind");
    const auto* dictionary = moved.root().as<trainer::PickleDictionary>();
    if (dictionary == nullptr) return;
    for (const auto& [key, value] : dictionary->entries) {
      fuzz::require(!value->kind().empty() && !key->kind().empty(), "its entries are of some kind");
      if (const auto* name = key->as<std::string>()) {
        fuzz::require(dictionary->find(*name) != nullptr, "an entry is found by its name");
      }
      if (const auto* tensor = value->as<trainer::PickleTensor>()) check(*tensor);
    }
  });
}

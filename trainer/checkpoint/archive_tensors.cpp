#include "trainer/checkpoint/archive_tensors.hpp"

#include <ATen/ATen.h>

#include <array>

#include "core/error.hpp"
#include "trainer/checkpoint/storage_types.hpp"

namespace foldperf::trainer {

at::Tensor ArchiveTensors::read(const PickleTensor& tensor, const std::string& name) {
  auto found = storages_.find(tensor.storage.key);
  if (found == storages_.end()) {
    const auto type = scalar_type_of_storage(tensor.storage.type);
    if (!type) {
      throw InputError(archive_.path(), "tensor '" + name +
                                            "' has elements of a type that this program does not read (" +
                                            std::string(tensor.storage.type) + ")");
    }
    const std::string record = TorchArchive::record_of(tensor.storage);
    const auto elements = static_cast<std::uint64_t>(tensor.storage.elements);
    // Before memory is asked for.
    if (archive_.records().at(record).size / at::elementSize(*type) != elements) {
      throw InputError(archive_.path(),
                       "is damaged: record " + record + " is not of the size of tensor '" + name + "'");
    }
    const at::Tensor storage = at::empty({tensor.storage.elements}, *type);
    archive_.records().read(record, {static_cast<char*>(storage.data_ptr()), storage.nbytes()});
    found = storages_.emplace(tensor.storage.key, storage).first;
  }
  const at::Tensor& storage = found->second;
  if (storage.numel() != tensor.storage.elements ||
      scalar_type_of_storage(tensor.storage.type) != storage.scalar_type()) {
    throw InputError(archive_.path(), "is damaged: tensor '" + name + "' differs from another about their storage");
  }
  return storage.as_strided(tensor.sizes, tensor.strides, tensor.offset);
}

}  // namespace foldperf::trainer

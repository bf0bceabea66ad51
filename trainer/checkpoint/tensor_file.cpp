#include "trainer/checkpoint/tensor_file.hpp"

#include <ATen/ATen.h>

#include "core/error.hpp"
#include "trainer/checkpoint/archive_tensors.hpp"
#include "trainer/checkpoint/torch_file_writer.hpp"

namespace foldperf::trainer {

void save_tensors(const std::string& path, const TensorDict& tensors) {
  TorchFileWriter writer;
  for (const auto& [name, tensor] : tensors) writer.tensor(name, tensor);
  writer.write(path);
}

TensorDict load_tensors(const std::string& path) {
  const TorchArchive archive(path);
  const auto* dictionary = archive.root().as<PickleDictionary>();
  if (dictionary == nullptr) throw InputError(path, "is no dictionary of tensors, but " + archive.root().kind());
  ArchiveTensors tensors(archive);
  TensorDict result;
  for (const auto& [key, value] : dictionary->entries) {
    const auto* name = key->as<std::string>();
    const auto* tensor = value->as<PickleTensor>();
    if (name == nullptr || tensor == nullptr) {
      throw InputError(path, "is no dictionary of tensors: it holds " + value->kind() +
                                 (name != nullptr ? " named '" + *name + "'" : ""));
    }
    result[*name] = tensors.read(*tensor, *name);
  }
  return result;
}

}  // namespace foldperf::trainer

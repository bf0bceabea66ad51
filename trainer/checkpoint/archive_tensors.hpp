// Tensors of a file of torch.save.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "trainer/checkpoint/torch_archive.hpp"

namespace foldperf::trainer {

// Reads each storage once, when the first tensor of it is asked for.
class ArchiveTensors {
 public:
  explicit ArchiveTensors(const TorchArchive& archive) : archive_(archive) {}

  // On the CPU; tensors of one storage share it. Throws InputError for a storage that is damaged or of a type that no
  // weights have (quantised, complex); `name` is for the message.
  at::Tensor read(const PickleTensor& tensor, const std::string& name);

 private:
  const TorchArchive& archive_;
  std::map<std::string, at::Tensor, std::less<>> storages_;  // by key, [elements]
};

}  // namespace foldperf::trainer

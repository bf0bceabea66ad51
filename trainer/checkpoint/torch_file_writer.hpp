// Writes a file as torch.save does, atomically: nested dictionaries of numbers, texts and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/checkpoint/pickle_writer.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Python's torch.load reads the file, with weights_only too. Entries are added in turn, then write() does the work.
class TorchFileWriter {
 public:
  void whole(std::string_view name, std::int64_t value) { pickle_.whole(name, value); }
  void real(std::string_view name, double value) { pickle_.real(name, value); }
  void text(std::string_view name, std::string_view value) { pickle_.text(name, value); }
  // Not copied where it is contiguous and on the CPU: it must not change before write() is done.
  void tensor(std::string_view name, const at::Tensor& tensor);
  // A dictionary of tensors; each name with `prefix` before it.
  void tensors(std::string_view name, const TensorDict& tensors, const std::string& prefix = {});
  void begin_dictionary(std::string_view name) { pickle_.begin_dictionary(name); }
  void end_dictionary() { pickle_.end_dictionary(); }

  // Writes beside `path`, makes it durable and renames: `path` is never half a file. To be called once. Throws
  // SystemError.
  void write(const std::string& path);

 private:
  PickleWriter pickle_;
  std::vector<at::Tensor> records_;  // "data/<number>"
};

}  // namespace foldperf::trainer

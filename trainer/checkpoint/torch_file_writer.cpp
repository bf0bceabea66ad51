#include "trainer/checkpoint/torch_file_writer.hpp"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include "trainer/checkpoint/atomic_file.hpp"
#include "trainer/checkpoint/storage_types.hpp"

namespace foldperf::trainer {

void TorchFileWriter::tensor(std::string_view name, const at::Tensor& tensor) {
  const auto storage = storage_of_scalar_type(tensor.scalar_type());
  if (!storage) {
    throw Error("tensor '" + std::string(name) + "' cannot be written: its elements are of type " +
                std::string(at::toString(tensor.scalar_type())));
  }
  pickle_.tensor(name, *storage, static_cast<std::int64_t>(records_.size()), tensor.sizes());
  records_.push_back(tensor.detach().to(at::kCPU).contiguous());
}

void TorchFileWriter::tensors(std::string_view name, const TensorDict& tensors, const std::string& prefix) {
  begin_dictionary(name);
  for (const auto& [key, value] : tensors) tensor(prefix + key, value);
  end_dictionary();
}

void TorchFileWriter::write(const std::string& path) {
  AtomicFile file(path);
  const std::string pickle = pickle_.finish();
  caffe2::serialize::PyTorchStreamWriter archive([&](const void* data, std::size_t size) {
    file.bytes().write_later_throwing(data, size);  // the archive's C code must not see an exception
    return size;
  });
  archive.writeRecord("data.pkl", pickle.data(), pickle.size());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    archive.writeRecord("data/" + std::to_string(i), records_[i].const_data_ptr(), records_[i].nbytes());
    records_[i].reset();
  }
  archive.writeEndOfFile();
  file.commit();
}

}  // namespace foldperf::trainer

#include "trainer/checkpoint/tensor_file.hpp"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickler.h>
#include <torch/csrc/jit/serialization/unpickler.h>
#include <torch/torch.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "trainer/checkpoint/output_file.hpp"
#include "trainer/checkpoint/state_dict_pickle.hpp"

namespace foldperf::trainer {

namespace {

// The dictionary without the tensors' bytes, and the tensors in the order of their records "data/<number>".
std::string pickle_dictionary(const TensorDict& tensors, std::vector<at::Tensor>& records) {
  std::string bytes;
  // Without type tags: torch.load with weights_only knows tensors, not TorchScript's tags.
  torch::jit::Pickler pickler([&](const char* data, std::size_t size) { bytes.append(data, size); }, nullptr, nullptr,
                              nullptr, nullptr, /*tag_aggregates=*/false);
  c10::impl::GenericDict dictionary(c10::StringType::get(), c10::TensorType::get());
  for (const auto& [name, tensor] : tensors) {
    // A copy of its own storage: a view would drag the whole storage into the file.
    dictionary.insert(name, tensor.detach().to(at::kCPU).clone(at::MemoryFormat::Contiguous));
  }
  pickler.protocol();
  pickler.pushIValue(dictionary);
  pickler.stop();
  records = pickler.tensorData();
  return bytes;
}

// What the archive that torch.save wrote holds; an OrderedDict as a dictionary.
c10::IValue unpickle(const std::string& path) {
  caffe2::serialize::PyTorchStreamReader archive(path);
  const auto [data, size] = archive.getRecord("data.pkl");
  const std::string pickle = ordered_dict_as_dict({static_cast<const char*>(data.get()), size});
  std::size_t read = 0;
  torch::jit::Unpickler unpickler(
      [&](char* to, std::size_t wanted) {
        const std::size_t count = pickle.copy(to, wanted, read);
        read += count;
        return count;
      },
      nullptr, nullptr, [&](const std::string& name) { return std::get<0>(archive.getRecord("data/" + name)); },
      at::Device(at::kCPU));
  return unpickler.parse_ivalue();
}

}  // namespace

void save_tensors(const std::string& path, const TensorDict& tensors) {
  const std::string partial = path + ".partial";
  try {
    OutputFile file(partial);
    std::vector<at::Tensor> records;
    const std::string dictionary = pickle_dictionary(tensors, records);
    caffe2::serialize::PyTorchStreamWriter archive([&](const void* data, std::size_t size) {
      file.write_later_throwing(data, size);  // the archive's C code must not see an exception
      return size;
    });
    archive.writeRecord("data.pkl", dictionary.data(), dictionary.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      archive.writeRecord("data/" + std::to_string(i), records[i].data_ptr(), records[i].nbytes());
    }
    archive.writeEndOfFile();
    file.close();
    std::error_code error;
    std::filesystem::rename(partial, path, error);
    if (error) throw SystemError(path + ": cannot be replaced: " + error.message());
  } catch (...) {
    std::remove(partial.c_str());
    throw;
  }
}

TensorDict load_tensors(const std::string& path) {
  if (!std::ifstream(path, std::ios::binary)) throw InputError(path, "cannot be opened");
  TensorDict tensors;
  try {
    const c10::IValue content = unpickle(path);
    if (!content.isGenericDict()) throw InputError(path, "is no dictionary of tensors, but a " + content.tagKind());
    for (const auto& item : content.toGenericDict()) {
      if (!item.key().isString() || !item.value().isTensor()) {
        throw InputError(path, "is no dictionary of tensors: it holds a " + item.value().tagKind() +
                                   (item.key().isString() ? " named '" + item.key().toStringRef() + "'" : "") +
                                   "; save the model's state_dict() alone");
      }
      tensors[item.key().toStringRef()] = item.value().toTensor();
    }
  } catch (const c10::Error& error) {
    throw InputError(
        path, "is no dictionary of tensors as torch.save writes it: " + std::string(error.what_without_backtrace()));
  }
  return tensors;
}

}  // namespace foldperf::trainer

#include "trainer/checkpoint/torch_archive.hpp"

#include <utility>

#include "core/error.hpp"
#include "trainer/checkpoint/pickle_reader.hpp"

namespace foldperf::trainer {

TorchArchive::TorchArchive(std::unique_ptr<ByteSource> source, const std::string& path)
    : path_(path), records_(std::move(source), path) {
  if (records_.contains("constants.pkl")) {
    throw InputError(path, "is a TorchScript module; save the model's state_dict() with torch.save instead");
  }
  if (!records_.contains("data.pkl")) throw InputError(path, "is no file that torch.save wrote: it has no data.pkl");
  if (records_.contains("byteorder") && records_.read("byteorder") != "little") {
    throw InputError(path, "was written on a big-endian machine, which this program does not read");
  }
  pickle_ = read_pickle(records_.read("data.pkl"), path);
}

}  // namespace foldperf::trainer

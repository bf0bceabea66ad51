// The model's outputs without gradient, in the memory that there is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "trainer/model/alphafold.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// What a person should know while it goes on: that memory did not do.
using InferenceNote = std::function<void(const std::string&)>;

// The memory of the device did not do, whatever was tried.
class OutOfMemory : public Error {
 public:
  explicit OutOfMemory(const std::string& message) : Error(message, ExitCode::system) {}
};

// For a chain whose memory was out beside the model (its features, its scores): what LibTorch keeps for later is given
// back, so that the next chain may have it.
OutOfMemory chain_out_of_memory(at::Device device);

// run(), under InferenceSlices of `slice_bytes`; where memory is out, again under slices of an eighth of that, and once
// more. Memory that LibTorch keeps for later is given back before. Throws OutOfMemory at last; what else run() throws
// comes through. `slice_bytes` 0: the first attempt has no slices, the second ones of 256 MiB.
TensorDict run_within_memory(std::int64_t slice_bytes, at::Device device, const std::function<TensorDict()>& run,
                             const InferenceNote& note = {});

// The outputs for features [1, ..., passes] on the model's device. Its mode (training or evaluation) is the caller's
// matter. Throws as run_within_memory.
TensorDict infer(AlphaFold& model, const TensorDict& features, const InferenceNote& note = {});

}  // namespace foldperf::trainer

// From a compact sample to the features that the model takes.
#pragma once

#include "trainer/data/compact_sample.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// OpenFold's features, padded, on this device, where the sample is copied first if it is elsewhere (asynchronously from
// page-locked memory). They are [1, ..., passes]; features that no pass changes are expanded views over the last
// dimension, and all share the memory of two blocks (that of the sample is one): do not write into them. In memory a
// pass comes after the other: select(-1, pass) is contiguous.
TensorDict expand(const CompactSample& sample, at::Device device);

// The same by tensor operators instead of plain loops, on the device that the sample is on: what expand does on a GPU,
// in about forty launches. Numbers are the same but for the last bit of the arc tangents.
TensorDict expand_by_operators(const CompactSample& sample);

}  // namespace foldperf::trainer

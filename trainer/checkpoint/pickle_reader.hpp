// Reads Python's pickles as torch.save writes them.
#pragma once

#include <string>
#include <string_view>

#include "trainer/checkpoint/pickle_value.hpp"

namespace foldperf::trainer {

// A pickle of protocol 2 to 5 (Lib/pickletools.py), in which tensors refer to storages as torch.save has it
// (torch/serialization.py, torch/_utils.py). What it would have Python do is not done: a call of anything but the few
// functions that make tensors, parameters and OrderedDicts becomes a PickleObject. A tensor that does not lie within
// its storage, or whose type or form this reader does not know, becomes a PickleObject as well.
//
// Throws InputError with the place in the pickle, for damage and for operations that torch.save never writes. Memory
// and time are in proportion to the pickle's size. `path` is for the message.
Pickle read_pickle(std::string_view bytes, const std::string& path);

}  // namespace foldperf::trainer

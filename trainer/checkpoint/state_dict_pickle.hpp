// Python's state_dict() is a collections.OrderedDict, which LibTorch's unpickler reads as None.
#pragma once

#include <string>
#include <string_view>

namespace foldperf::trainer {

// The pickle (protocol 2, as torch.save writes it) of an OrderedDict of tensors, rewritten as that of a plain dict; the
// attributes that the OrderedDict itself carries (state_dict's _metadata) are left out. Any other pickle is returned as
// it is.
std::string ordered_dict_as_dict(std::string_view pickle);

}  // namespace foldperf::trainer

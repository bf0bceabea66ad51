// Ranges for nodes of CUDA graphs that were captured on a thread with no range open, as PyTorch's backward pass does:
// its nodes are made by autograd's threads while the thread that began the capture waits inside its own ranges.
#pragma once

#include <cstdint>
#include <string>

namespace foldperf::analysis {

// In the merged run at `path`: a node without a stack gets the ranges that were open, when it was made, on the thread
// that made its graph (of a graph that nobody told of: the process' main thread), and its clones get them too. Ranges
// that no stack had yet are added to range_stacks. Returns the number of nodes that got one, clones left out.
// Throws InputError where the file is damaged, SystemError where it cannot be written; then nothing has changed.
std::int64_t inherit_stacks(const std::string& path);

}  // namespace foldperf::analysis

// A checkpoint as one file of torch.save (docs/training.md describes it).
#pragma once

#include <string>

#include "core/error.hpp"
#include "trainer/checkpoint/run_state.hpp"

namespace foldperf::trainer {

// Version of the format. A program reads its own and older ones.
inline constexpr std::int64_t checkpoint_format_version = 1;

// A checkpoint that a later version of the program wrote. No InputError: the file is whole, and this program is the
// wrong one.
class LaterFormat : public Error {
 public:
  explicit LaterFormat(const std::string& message) : Error(message, ExitCode::bad_input) {}
};

// Atomically. The tensors must be on the CPU, and must not change before it returns. Throws SystemError.
void write_checkpoint(const std::string& path, const RunState& state);

// Every byte of the file is looked at: what it returns is what was written. Throws InputError for a file that is
// damaged or no checkpoint (weights alone, e.g.), LaterFormat, and SystemError where the system refuses to read it.
RunState read_checkpoint(const std::string& path);

}  // namespace foldperf::trainer

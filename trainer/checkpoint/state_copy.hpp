// Copies of a trainer's tensors in the host's memory, made while training goes on.
#pragma once

#include <c10/core/Event.h>

#include <optional>
#include <vector>

#include "trainer/checkpoint/run_state.hpp"

namespace foldperf::trainer {

// Memory for one copy is allocated once (pinned, for a CUDA device) and used for all checkpoints of a run: as much as
// the tensors have. On a CUDA device take() only puts work on the current stream: tensors are joined there, some 16 MiB
// at a time, as thousands of small transfers would take longer than the bytes.
class StateCopy {
 public:
  // `live` are the tensors to copy, all on one device; they must keep their memory.
  explicit StateCopy(TrainingTensors live);

  // The tensors as they are now, or after the work that is on the current stream. The thread that trains calls it, when
  // no one reads the copy of before.
  void take();
  // Waits until the copy is there. Any thread.
  void wait() const;
  // CPU tensors that share the copy's memory: valid between wait() and the next take().
  [[nodiscard]] const TrainingTensors& tensors() const { return host_; }

 private:
  struct Chunk {
    std::vector<at::Tensor> sources;  // flat
    at::Tensor host;                  // flat, as long as they are together
  };

  at::Device device_;
  TrainingTensors host_;
  std::vector<Chunk> chunks_;
  std::optional<c10::Event> copied_;
};

}  // namespace foldperf::trainer

// Remembers the random tensors that a piece of the model drew, so that computing it again draws the same.
//
// Activation checkpointing needs this. Saving and restoring generator states would do the same on the CPU, but reads
// and sets of a CUDA generator are forbidden while a CUDA graph is captured; masks shared along a dimension are small,
// and keeping them asks nothing of the generator.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace foldperf::trainer {

class RandomTape {
 public:
  // Calls `draw` and keeps what it gives, or gives what was kept, by the mode of the scope in force on this thread;
  // without a scope it just calls `draw`. Throws Error when a replay asks for more than was recorded.
  static at::Tensor draw(const std::function<at::Tensor()>& draw);

  class Scope {
   public:
    enum class Mode { record, replay };
    Scope(RandomTape& tape, Mode mode);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    friend class RandomTape;
    at::Tensor draw(const std::function<at::Tensor()>& draw);
    RandomTape& tape_;
    Mode mode_;
    std::size_t next_ = 0;
    Scope* outer_;
  };

  [[nodiscard]] std::size_t size() const { return tensors_.size(); }

 private:
  std::vector<at::Tensor> tensors_;
};

}  // namespace foldperf::trainer

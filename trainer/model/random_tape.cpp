#include "trainer/model/random_tape.hpp"

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {
thread_local RandomTape::Scope* current_scope = nullptr;
}

at::Tensor RandomTape::draw(const std::function<at::Tensor()>& draw) {
  return current_scope ? current_scope->draw(draw) : draw();
}

RandomTape::Scope::Scope(RandomTape& tape, Mode mode) : tape_(tape), mode_(mode), outer_(current_scope) {
  current_scope = this;
}

RandomTape::Scope::~Scope() { current_scope = outer_; }

at::Tensor RandomTape::Scope::draw(const std::function<at::Tensor()>& draw) {
  if (mode_ == Mode::replay) {
    if (next_ >= tape_.tensors_.size()) {
      throw Error("a recomputation drew more random tensors than its first run (" +
                  std::to_string(tape_.tensors_.size()) + "): the checkpointed function must do the same both times");
    }
    return tape_.tensors_[next_++];
  }
  // An enclosing checkpoint has to remember the draws of this one too.
  at::Tensor tensor = outer_ ? outer_->draw(draw) : draw();
  tape_.tensors_.push_back(tensor);
  return tensor;
}

}  // namespace foldperf::trainer

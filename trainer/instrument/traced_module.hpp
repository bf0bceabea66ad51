// Modules that show up in a profile under OpenFold's names, forward and backward.
//
//   class MsaTransitionImpl : public TracedModule {
//     at::Tensor forward(const at::Tensor& m) {
//       TraceScope scope(*this);   // first line; the range ends with the function
//       ...
//     }
//   };
//   auto model = std::make_shared<AlphaFold>(config);
//   assign_trace_paths(*model);    // once, when the whole tree of modules stands
//
// The backward of a module needs nothing more: backward_ranges.hpp finds which autograd nodes were made in the scope.
// No node is added and no gradient changes. Modules that are called by several others are listed under their own path.
#pragma once

#include <torch/torch.h>

#include <string>

#include "trainer/instrument/range_sink.hpp"

namespace foldperf::trainer {

class TracedModule : public torch::nn::Module {
 public:
  using torch::nn::Module::Module;
  // Empty until assign_trace_paths has run; such a module makes no ranges.
  [[nodiscard]] const Label& trace_label() const { return trace_label_; }
  void set_trace_path(const std::string& path) { trace_label_ = Label(path); }

 private:
  Label trace_label_;
};

// Gives every TracedModule under `root` its path from there ("evoformer.blocks.0.core.msa_transition"); the root itself
// gets `root_name`. `prefix`, with its dot, stands before the others ("" for a whole model).
void assign_trace_paths(torch::nn::Module& root, const std::string& root_name = "alphafold",
                        const std::string& prefix = "");

// The forward range of a module, and the record of which autograd nodes it makes. Lives on the stack.
class TraceScope {
 public:
  explicit TraceScope(const TracedModule& module) : open_(instrumentation_enabled() && !module.trace_label().empty()) {
    if (open_) begin(module.trace_label());
  }
  // For a part of a forward that is no module of its own ("evoformer.blocks.0.residual").
  explicit TraceScope(const Label& label) : open_(instrumentation_enabled()) {
    if (open_) begin(label);
  }
  ~TraceScope() {
    if (open_) end();
  }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  void begin(const Label& label);
  void end();
  bool open_;
};

}  // namespace foldperf::trainer

#include "trainer/instrument/traced_module.hpp"

#include "trainer/instrument/backward_ranges.hpp"

namespace foldperf::trainer {

namespace {

void assign_below(torch::nn::Module& module, const std::string& prefix) {
  for (const auto& item : module.named_children()) {
    const std::string path = prefix + item.key();
    if (auto* traced = dynamic_cast<TracedModule*>(item.value().get())) traced->set_trace_path(path);
    assign_below(*item.value(), path + ".");
  }
}

}  // namespace

void assign_trace_paths(torch::nn::Module& root, const std::string& root_name, const std::string& prefix) {
  if (auto* traced = dynamic_cast<TracedModule*>(&root)) traced->set_trace_path(root_name);
  assign_below(root, prefix);
}

void TraceScope::begin(const Label& label) {
  range_sink().push(facts::Category::module, label, std::nullopt);
  begin_forward_scope(label);
}

void TraceScope::end() {
  end_forward_scope();
  range_sink().pop();
}

}  // namespace foldperf::trainer

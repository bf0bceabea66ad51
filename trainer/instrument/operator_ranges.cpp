#include "trainer/instrument/operator_ranges.hpp"

#include <ATen/record_function.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "trainer/instrument/range_sink.hpp"

namespace foldperf::trainer {

namespace {

// Interning takes a lock; an operator's name is looked up in the thread's own table first.
const Label& operator_label(std::string_view name) {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  thread_local std::unordered_map<std::string, Label, Hash, std::equal_to<>> labels;
  auto found = labels.find(name);
  if (found == labels.end()) found = labels.emplace(std::string(name), Label(name)).first;
  return found->second;
}

// Its presence tells the end callback that the start callback pushed.
struct Pushed : at::ObserverContext {};

// The autograd engine's own spans around its nodes. They are no operators, and a module_backward range that ends with a
// node's start would have to end inside them: ranges of a thread could not nest.
bool is_engine_span(std::string_view name) { return name.rfind("autograd::engine::", 0) == 0; }

std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& function) {
  if (!instrumentation_enabled() || is_engine_span(function.name())) return nullptr;
  range_sink().push(facts::Category::op, operator_label(function.name()), std::nullopt);
  return std::make_unique<Pushed>();
}

void end(const at::RecordFunction&, at::ObserverContext* context) {
  if (context) range_sink().pop();
}

}  // namespace

OperatorRanges::OperatorRanges()
    : handle_(at::addGlobalCallback(at::RecordFunctionCallback(start, end).scopes({at::RecordScope::FUNCTION}))) {}

OperatorRanges::~OperatorRanges() { at::removeCallback(handle_); }

}  // namespace foldperf::trainer

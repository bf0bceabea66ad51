#include "trainer/checkpoint/pickle_value.hpp"

#include <algorithm>

namespace foldperf::trainer {

const PickleValue* PickleDictionary::find(std::string_view name) const {
  const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const auto& entry) {
    const auto* text = entry.first->template as<std::string>();
    return text != nullptr && *text == name;
  });
  return found == entries.rend() ? nullptr : found->second;
}

std::string PickleValue::kind() const {
  struct Kind {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(bool) const { return "a truth value"; }
    std::string operator()(std::int64_t) const { return "a whole number"; }
    std::string operator()(double) const { return "a number"; }
    std::string operator()(const std::string&) const { return "a text"; }
    std::string operator()(const PickleGlobal& global) const { return "the name " + global.name; }
    std::string operator()(const PickleStorage&) const { return "a storage"; }
    std::string operator()(const PickleTensor&) const { return "a tensor"; }
    std::string operator()(const PickleSequence&) const { return "a list"; }
    std::string operator()(const PickleDictionary&) const { return "a dictionary"; }
    std::string operator()(const PickleObject& object) const { return "an object of type " + std::string(object.type); }
  };
  return std::visit(Kind{}, content);
}

}  // namespace foldperf::trainer

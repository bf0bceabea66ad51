#include "collectors/cupti/kernel_names.hpp"

namespace foldperf::collectors {

KernelNames::Found KernelNames::of(std::string_view name) {
  if (const auto known = by_text_.find(name); known != by_text_.end()) return {known->second, false};
  const auto key = static_cast<std::uint32_t>(by_text_.size() + 1);
  by_text_.emplace(std::string(name), key);
  return {key, true};
}

KernelNames::Found KernelNames::of(const char* name) {
  if (name == nullptr) return of(std::string_view("unknown"));
  if (const auto known = by_pointer_.find(name); known != by_pointer_.end()) return {known->second, false};
  const Found found = of(std::string_view(name));
  by_pointer_.emplace(name, found.key);
  return found;
}

}  // namespace foldperf::collectors

#include "core/database/name_keys.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace foldperf::database {
namespace {

constexpr std::string_view unnamed_namespace = "(anonymous namespace)";

}  // namespace

std::string demangled(std::string_view symbol) {
  const std::string text(symbol);
  if (!text.starts_with("_Z")) return text;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(text.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 && name ? std::string(name.get()) : text;
}

std::string short_function_name(std::string_view name) {
  // What stands outside of <> up to the parameters; the last word of it, behind the last "::".
  std::string outside;
  int depth = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name.substr(at).starts_with(unnamed_namespace)) {
      at += unnamed_namespace.size() - 1;
      if (depth == 0) outside += '~';
      continue;
    }
    const char c = name[at];
    if (c == '<') {
      ++depth;
    } else if (c == '>') {
      if (depth > 0) --depth;
    } else if (depth == 0) {
      if (c == '(') break;
      outside += c;
    }
  }
  while (!outside.empty() && outside.back() == ' ') outside.pop_back();
  if (const auto space = outside.rfind(' '); space != std::string::npos) outside.erase(0, space + 1);
  if (const auto colons = outside.rfind("::"); colons != std::string::npos) outside.erase(0, colons + 2);
  return outside.empty() || outside == "~" ? std::string(name) : outside;
}

void NameKeys::add_kernel(const records::KernelNameRecord& record, StringTable& strings) {
  if (record.mangled.empty()) return;
  const std::string full = demangled(record.mangled);
  KernelName name;
  name.demangled = strings.id_of(full);
  name.short_name = full == record.mangled ? name.demangled : strings.id_of(short_function_name(full));
  if (record.keep_mangled) name.mangled = strings.id_of(record.mangled);
  kernels_[record.key] = name;
  uncommitted_kernels_.push_back(record.key);
}

void NameKeys::add_api(const records::ApiNameRecord& record, StringTable& strings) {
  if (record.name.empty()) return;
  apis_[record.key] = strings.id_of(record.name);
  uncommitted_apis_.push_back(record.key);
}

NameKeys::KernelName NameKeys::kernel(std::uint32_t key) const {
  const auto found = kernels_.find(key);
  return found == kernels_.end() ? KernelName() : found->second;
}

NameKeys::Id NameKeys::api(std::uint32_t key) const {
  const auto found = apis_.find(key);
  return found == apis_.end() ? Id() : Id(found->second);
}

void NameKeys::commit() {
  uncommitted_kernels_.clear();
  uncommitted_apis_.clear();
}

void NameKeys::forget_uncommitted() {
  for (const std::uint32_t key : uncommitted_kernels_) kernels_.erase(key);
  for (const std::uint32_t key : uncommitted_apis_) apis_.erase(key);
  commit();
}

}  // namespace foldperf::database

// The names that records carry as keys: each is told once, demangled once, and stored once in StringIds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/database/record_row.hpp"
#include "core/records/records.hpp"

namespace foldperf::database {

class NameKeys {
 public:
  using Id = std::optional<std::int64_t>;  // in StringIds; empty: unknown
  struct KernelName {
    Id demangled, short_name, mangled;
  };

  void add_kernel(const records::KernelNameRecord& record, StringTable& strings);
  void add_api(const records::ApiNameRecord& record, StringTable& strings);
  [[nodiscard]] KernelName kernel(std::uint32_t key) const;
  [[nodiscard]] Id api(std::uint32_t key) const;

  void commit();
  void forget_uncommitted();  // their strings were rolled back

 private:
  std::unordered_map<std::uint32_t, KernelName> kernels_;
  std::unordered_map<std::uint32_t, std::int64_t> apis_;
  std::vector<std::uint32_t> uncommitted_kernels_, uncommitted_apis_;
};

// A C++ symbol in words; what is no such symbol comes back as it is.
std::string demangled(std::string_view symbol);
// The function's own name: "ns::kernel<float>(int)" gives "kernel".
std::string short_function_name(std::string_view demangled_name);

}  // namespace foldperf::database

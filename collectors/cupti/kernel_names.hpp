// Numbers for kernels' names, so that each is told once. CUPTI gives a pointer that lives with the kernel's module:
// after an unload it may point to another name, so what is looked up is the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace foldperf::collectors {

class KernelNames {
 public:
  struct Found {
    std::uint32_t key = 0;
    bool is_new = false;
  };
  Found of(std::string_view name);

  // Pointers are trusted within one buffer only.
  void next_buffer() { by_pointer_.clear(); }
  Found of(const char* name);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> by_text_;
  std::unordered_map<const char*, std::uint32_t> by_pointer_;
};

}  // namespace foldperf::collectors

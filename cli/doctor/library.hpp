// A strange library, opened only in a child process (isolated.hpp).
#pragma once

#include <dlfcn.h>
#include <link.h>

#include <string>
#include <vector>

namespace foldperf::cli::doctor {

class Library {
 public:
  // The first of `candidates` that loads.
  explicit Library(const std::vector<std::string>& candidates) {
    for (const std::string& candidate : candidates) {
      handle_ = dlopen(candidate.c_str(), RTLD_LAZY | RTLD_LOCAL);
      if (handle_ != nullptr) return;
      const char* error = dlerror();
      if (error_.empty() && error != nullptr) error_ = error;
    }
  }
  explicit operator bool() const { return handle_ != nullptr; }
  // Why the first candidate did not load.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] std::string path() const {
    const link_map* map = nullptr;
    return handle_ != nullptr && dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr ? map->l_name : "";
  }
  template <typename Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(handle_ == nullptr ? nullptr : dlsym(handle_, name));
  }

 private:
  void* handle_ = nullptr;
  std::string error_;
};

}  // namespace foldperf::cli::doctor

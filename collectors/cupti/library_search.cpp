#include "collectors/cupti/library_search.hpp"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <string_view>
#include <vector>

namespace foldperf::collectors {
namespace {

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "13" of "libcudart.so.13.0.96"; empty where there is none.
std::string major_of(std::string_view name) {
  const std::size_t at = name.find(".so.");
  if (at == std::string_view::npos) return {};
  const std::string_view version = name.substr(at + 4);
  return std::string(version.substr(0, version.find('.')));
}

// Files mapped in this process whose name begins so.
std::vector<std::string> mapped(std::string_view begin) {
  struct Search {
    std::string_view begin;
    std::vector<std::string> found;
  } search{begin, {}};
  const auto look = [](dl_phdr_info* object, std::size_t, void* data) {
    auto* wanted = static_cast<Search*>(data);
    if (object->dlpi_name != nullptr && file_name(object->dlpi_name).starts_with(wanted->begin)) {
      wanted->found.emplace_back(object->dlpi_name);
    }
    return 0;
  };
  dl_iterate_phdr(look, &search);
  return search.found;
}

}  // namespace

CuptiLibrary find_cupti() {
  std::vector<std::string> candidates;
  if (const char* path = std::getenv("FOLDPERF_CUPTI_PATH"); path != nullptr && *path != '\0') {
    candidates.emplace_back(path);
  } else {
    const std::vector<std::string> runtimes = mapped("libcudart.so");
    const std::string major = runtimes.empty() ? std::string() : major_of(file_name(runtimes.front()));
    const std::vector<std::string> ours = mapped("libcupti.so");
    for (const std::string& one : ours) {
      if (!major.empty() && major_of(file_name(one)) == major) candidates.push_back(one);
    }
    if (major.empty()) candidates.insert(candidates.end(), ours.begin(), ours.end());
    for (const std::string& runtime : runtimes) {
      const std::string folder = runtime.substr(0, runtime.rfind('/') + 1);
      for (const char* place : {"", "../../cuda_cupti/lib/", "../extras/CUPTI/lib64/"}) {
        candidates.push_back(folder + place + "libcupti.so." + major);
      }
    }
    if (!major.empty()) candidates.push_back("libcupti.so." + major);
    if (major.empty()) candidates.insert(candidates.end(), {"libcupti.so.13", "libcupti.so.12"});
  }
  CuptiLibrary library;
  for (const std::string& candidate : candidates) {
    library.handle = dlopen(candidate.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library.handle != nullptr) {
      library.path = candidate;
      return library;
    }
    library.path += (library.path.empty() ? "" : ", ") + candidate;
  }
  return library;
}

}  // namespace foldperf::collectors

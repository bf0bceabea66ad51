// Which CUPTI belongs to this process: the one of its own CUDA, not the first that lies about.
#pragma once

#include <string>

namespace foldperf::collectors {

struct CuptiLibrary {
  void* handle = nullptr;  // of dlopen; null: none was found
  std::string path;        // or what was tried
};

// FOLDPERF_CUPTI_PATH; the one that is mapped (of several, the one of the mapped CUDA runtime's major version: Triton's
// wheel brings an older one); by name; beside the CUDA runtime, as wheels and toolkits lay it. Never unloaded.
CuptiLibrary find_cupti();

}  // namespace foldperf::collectors

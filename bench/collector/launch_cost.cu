// What a launch costs a program under each way in which CUPTI can be asked about it, in one process, the ways in turns.
//
//   nvcc -O2 -std=c++20 -arch=sm_90 bench/collector/launch_cost.cu -o launch_cost -lcuda -ldl
//   launch_cost PATH/libcupti.so.13 [rounds=20] [attribute=value…]      attribute: a number of CUpti_ActivityAttribute
//
// Prints microseconds a launch: of the call alone (the GPU is not waited for in between), minimum and median of blocks
// of 2,000 launches of an empty kernel.
#include <cupti.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

__global__ void nothing(float*) {}

struct Cupti {
  void* library;
  template <class F>
  F find(const char* name) const {
    auto* found = reinterpret_cast<F>(dlsym(library, name));
    if (found == nullptr) {
      std::fprintf(stderr, "no %s in the library\n", name);
      std::exit(1);
    }
    return found;
  }
};

std::uint64_t calls_back = 0;

void CUPTIAPI request(std::uint8_t** data, std::size_t* bytes, std::size_t* records) {
  *bytes = std::size_t{8} << 20;
  *data = static_cast<std::uint8_t*>(std::calloc(1, *bytes));
  *records = 0;
}
void CUPTIAPI complete(CUcontext, std::uint32_t, std::uint8_t* data, std::size_t, std::size_t) { std::free(data); }
void CUPTIAPI call_back(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) { ++calls_back; }

struct Way {
  const char* name;
  bool kernels, records, callbacks;
  std::vector<double> us = {};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const Cupti cupti{dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL)};
  if (cupti.library == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 1;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
  const auto enable = cupti.find<decltype(&cuptiActivityEnable)>("cuptiActivityEnable");
  const auto disable = cupti.find<decltype(&cuptiActivityDisable)>("cuptiActivityDisable");
  const auto flush = cupti.find<decltype(&cuptiActivityFlushAll)>("cuptiActivityFlushAll");
  const auto enable_callback = cupti.find<decltype(&cuptiEnableCallback)>("cuptiEnableCallback");
  const auto one_call = cupti.find<decltype(&cuptiActivityEnableRuntimeApi)>("cuptiActivityEnableRuntimeApi");
  for (int i = 3; i < argc; ++i) {
    std::size_t value = std::strtoull(std::strchr(argv[i], '=') + 1, nullptr, 10);
    std::size_t size = sizeof value;
    const auto set = cupti.find<decltype(&cuptiActivitySetAttribute)>("cuptiActivitySetAttribute");
    std::uint8_t small = static_cast<std::uint8_t>(value);
    const int id = std::atoi(argv[i]);
    const bool is_small = id == 5 || id == 8 || id == 9;
    if (is_small) size = 1;
    std::printf("attribute %s: %d\n", argv[i],
                set(static_cast<CUpti_ActivityAttribute>(id), &size,
                    is_small ? static_cast<void*>(&small) : static_cast<void*>(&value)));
  }
  CUpti_SubscriberHandle subscriber{};
  if (cupti.find<decltype(&cuptiSubscribe)>("cuptiSubscribe")(&subscriber, call_back, nullptr) != CUPTI_SUCCESS)
    return 1;
  cupti.find<decltype(&cuptiActivityRegisterCallbacks)>("cuptiActivityRegisterCallbacks")(request, complete);
  std::vector<Way> ways{{"plain", false, false, false},
                        {"kernels", true, false, false},
                        {"records of launches", false, true, false},
                        {"callbacks of launches", false, false, true},
                        {"kernels, records of launches", true, true, false},
                        {"kernels, callbacks of launches", true, false, true}};
  float* none = nullptr;
  constexpr CUpti_CallbackId launch = 211;  // cudaLaunchKernel
  constexpr int block = 2000;
  for (int round = 0; round < rounds; ++round) {
    for (Way& way : ways) {
      if (way.kernels) enable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
      if (way.records) {
        enable(CUPTI_ACTIVITY_KIND_RUNTIME);
        for (CUpti_CallbackId id = 1; id < 500; ++id) {
          if (id != launch) one_call(id, 0);
        }
      }
      if (way.callbacks) enable_callback(1, subscriber, CUPTI_CB_DOMAIN_RUNTIME_API, launch);
      for (int repeat = 0; repeat < 4; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < block; ++i) nothing<<<1, 32>>>(none);
        const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
        cudaDeviceSynchronize();
        if (repeat > 0) way.us.push_back(took.count() / block);
      }
      if (way.callbacks) enable_callback(0, subscriber, CUPTI_CB_DOMAIN_RUNTIME_API, launch);
      if (way.records) disable(CUPTI_ACTIVITY_KIND_RUNTIME);
      if (way.kernels) disable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
      flush(1);
    }
  }
  for (Way& way : ways) {
    std::sort(way.us.begin(), way.us.end());
    std::printf("%-32s minimum %.2f, median %.2f us a launch\n", way.name, way.us.front(), way.us[way.us.size() / 2]);
  }
  std::printf("%llu calls back\n", static_cast<unsigned long long>(calls_back));
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}

// A buffer of activity records as CUPTI would hand it over, and the functions that walk through it.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "collectors/cupti/api.hpp"

namespace foldperf::collectors {

class MadeUpBuffer {
 public:
  template <class Record>
  void add(const Record& record) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + slot);
    std::memcpy(bytes_.data() + at, &record, sizeof(record));
  }
  [[nodiscard]] std::uint8_t* data() { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  // What the decoder calls.
  static CuptiApi api() {
    CuptiApi api;
    api.ActivityGetNextRecord = [](std::uint8_t* data, std::size_t bytes, CUpti_Activity** record) {
      std::uint8_t* next = *record == nullptr ? data : reinterpret_cast<std::uint8_t*>(*record) + slot;
      if (next >= data + bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
      *record = reinterpret_cast<CUpti_Activity*>(next);
      return CUPTI_SUCCESS;
    };
    api.GetCallbackName = [](CUpti_CallbackDomain domain, std::uint32_t id, const char** name) {
      *name = domain == CUPTI_CB_DOMAIN_RUNTIME_API ? (id == 211 ? "cudaLaunchKernel_v7000" : "cudaGraphLaunch_v10000")
                                                    : "cuLaunchKernelEx";
      return CUPTI_SUCCESS;
    };
    return api;
  }

 private:
  static constexpr std::size_t slot = 512;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace foldperf::collectors

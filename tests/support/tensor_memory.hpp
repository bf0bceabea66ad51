// Counts the memory of tensors on the CPU, which LibTorch allocates past operator new.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace foldperf::testing {

// The most bytes held at once since it was made, above those held then. One at a time, and of this thread's tensors.
class TensorMemory {
 public:
  TensorMemory() : counter_(std::make_shared<Counter>()), guard_(c10::DebugInfoKind::PROFILER_STATE, counter_) {}
  [[nodiscard]] std::int64_t peak_bytes() const { return counter_->peak; }

 private:
  struct Counter : public c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void* /*pointer*/, std::int64_t size, std::size_t /*allocated*/, std::size_t /*reserved*/,
                           c10::Device device) override {
      if (!device.is_cpu()) return;
      held += size;
      peak = std::max(peak, held);
    }
    [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }
    std::int64_t held = 0;
    std::int64_t peak = 0;
  };
  std::shared_ptr<Counter> counter_;
  c10::DebugInfoGuard guard_;
};

}  // namespace foldperf::testing

// Where ranges and marks go: NVTX in a program, a recorder in a test.
//
// Everything the trainer says about itself passes through here, in the convention of core/facts/conventions.hpp. When
// instrumentation is off (the default) nothing is called, and a range costs one branch.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/facts/conventions.hpp"

namespace foldperf::trainer {

// A name that is used many times: interned once for the life of the program, so that pushing it copies no text.
class Label {
 public:
  struct Data {
    std::string text;
    void* nvtx_string = nullptr;  // nvtxStringHandle_t in domain "foldperf"
  };
  Label() = default;
  // Thread-safe; the same text gives the same label.
  explicit Label(std::string_view text);
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const Data* data() const { return data_; }
  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  bool operator==(const Label&) const = default;

 private:
  const Data* data_ = nullptr;
};

// Called from any thread; ranges of one thread nest.
class RangeSink {
 public:
  virtual ~RangeSink() = default;
  virtual void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) = 0;
  virtual void pop() = 0;
  virtual void mark(facts::Category category, const std::string& text) = 0;
};

namespace detail {
extern std::atomic<bool> instrumentation_on;
}

[[nodiscard]] inline bool instrumentation_enabled() {
  return detail::instrumentation_on.load(std::memory_order_relaxed);
}

// Set once at start, before any model runs. Installs or removes what follows the backward pass (backward_ranges.hpp).
void enable_instrumentation(bool on);

// True when a tool listens to NVTX in this process (NVTX_INJECTION64_PATH is set, as `foldperf profile` and Nsight do).
bool nvtx_tool_present();

// The sink in force: NVTX unless a test replaced it. The caller keeps `sink` alive; nullptr goes back to NVTX.
RangeSink& range_sink();
void replace_range_sink(RangeSink* sink);

}  // namespace foldperf::trainer

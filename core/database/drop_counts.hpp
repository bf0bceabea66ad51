// Counts what was dropped, by kind and reason. Any thread; a reason is a literal, so that counting allocates nothing
// once a pair is known.
#pragma once

#include <cstring>
#include <mutex>
#include <vector>

#include "core/records/records.hpp"

namespace foldperf::database {

class DropCounts {
 public:
  struct Count {
    records::Kind kind;
    const char* reason;
    std::uint64_t count;
  };

  void add(records::Kind kind, const char* reason, std::uint64_t count) noexcept {
    if (count == 0) return;
    const std::lock_guard lock(mutex_);
    ++changes_;
    for (Count& known : counts_) {
      if (known.kind == kind && std::strcmp(known.reason, reason) == 0) {
        known.count += count;
        return;
      }
    }
    try {
      counts_.push_back({kind, reason, count});
    } catch (...) {
      // Without memory for one more pair nothing can be counted.
    }
  }

  [[nodiscard]] std::vector<Count> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  // Grows with every add(): tells whether there is something new.
  [[nodiscard]] std::uint64_t changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Count> counts_;
  std::uint64_t changes_ = 0;
};

}  // namespace foldperf::database

// How long the stages of a sample's preparation take.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace foldperf::trainer {

// Adds the time since the last stage's end (at first: since its making) to the stage that ends.
class StageClock {
 public:
  explicit StageClock(std::map<std::string, std::int64_t>& nanoseconds) : nanoseconds_(nanoseconds) {}
  void finish(const char* stage) {
    const auto now = std::chrono::steady_clock::now();
    nanoseconds_[stage] += std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_).count();
    last_ = now;
  }
  // What passed until now counts to no stage.
  void restart() { last_ = std::chrono::steady_clock::now(); }

 private:
  std::map<std::string, std::int64_t>& nanoseconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace foldperf::trainer

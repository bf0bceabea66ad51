// How fast steps are found in what a rank's GPU did.
//
//   step_pattern_bench [events=1000000] [blocks=48]    a step: blocks of 60 kernels forward and 90 backward, an
//                                                      optimizer of 200; every fifth with a second forward
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/analysis/step_pattern.hpp"

namespace {

using foldperf::analysis::PatternEvent;

class Trace {
 public:
  explicit Trace(std::size_t events) : wanted_(events) { events_.reserve(events + 100'000); }
  [[nodiscard]] bool full() const { return events_.size() >= wanted_; }
  // `count` kernels of different names from `name` on.
  void run(std::uint32_t name, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::int64_t ns = 4000 + 100 * (i % 50);
      events_.push_back({time_, time_ + ns, name + i % 40, 7, false});
      time_ += ns + 1000;
    }
  }
  [[nodiscard]] const std::vector<PatternEvent>& events() const { return events_; }

 private:
  std::size_t wanted_;
  std::int64_t time_ = 0;
  std::vector<PatternEvent> events_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 1'000'000;
  const int blocks = argc > 2 ? std::atoi(argv[2]) : 48;
  Trace trace(events);
  std::size_t steps = 0;
  for (; !trace.full(); ++steps) {
    for (int pass = 0; pass < (steps % 5 == 4 ? 2 : 1); ++pass) {
      trace.run(1000, 30);
      for (int block = 0; block < blocks; ++block) trace.run(0, 60);
    }
    for (int block = 0; block < blocks; ++block) trace.run(100, 90);
    trace.run(2000, 200);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto pattern = foldperf::analysis::find_step_pattern(trace.events());
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto millions = static_cast<double>(trace.events().size()) * 1e-6;
  std::printf("%.2f million events, %zu steps: %zu found with a confidence of %.2f in %.2f s (%.2f s a million)\n",
              millions, steps, pattern.steps.size(), pattern.confidence, s, s / millions);
  return 0;
}

// What a door (CUPTI, NCCL) or a sampler (host, GPU) is to the session: something to be emptied again and again.
#pragma once

#include <cstdint>

namespace foldperf::database {
class RunWriter;
}

namespace foldperf::collectors {

// The zero of the file's times on both clocks. UTC may jump; what CUPTI stamps with it is moved by one offset all the
// same, so that the distance of two of its events stays what it was.
struct TimeBase {
  std::int64_t start_mono_ns = 0;
  std::int64_t start_utc_ns = 0;
  [[nodiscard]] std::int64_t from_mono(std::int64_t ns) const noexcept { return ns - start_mono_ns; }
  [[nodiscard]] std::int64_t from_utc(std::int64_t ns) const noexcept { return ns - start_utc_ns; }
};

// Never destroyed. The session calls one function at a time, recording_changed() apart; drain() and close() on its own
// thread or, at the end of the process, on the one that ends it.
class Source {
 public:
  virtual void drain(database::RunWriter& writer, const TimeBase& time) noexcept = 0;  // every 100 ms, and when woken
  virtual void close(database::RunWriter& writer, const TimeBase& time) noexcept = 0;  // once, after a last drain()
  // A window began or ended: on the thread whose call decided it, which waits. One at a time, and not during a fork.
  virtual void recording_changed(bool /*on*/) noexcept {}
  // Where fork() must find no lock of the source taken. A child has no file and no thread until it needs them again.
  virtual void before_fork() noexcept {}
  virtual void after_fork_in_parent() noexcept {}
  virtual void after_fork_in_child() noexcept {}

 protected:
  ~Source() = default;
};

}  // namespace foldperf::collectors

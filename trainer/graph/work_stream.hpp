// A CUDA stream of its own for a training thread: work on the default stream cannot be captured in a graph.
#pragma once

#include <c10/core/Device.h>

#include <memory>

namespace foldperf::trainer {

// Makes a stream of `device` the current one of this thread while it lives; it waits for what was submitted before, and
// what comes after waits for it. Does nothing on a device without streams.
class WorkStream {
 public:
  explicit WorkStream(c10::Device device);
  ~WorkStream();
  WorkStream(const WorkStream&) = delete;
  WorkStream& operator=(const WorkStream&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

}  // namespace foldperf::trainer

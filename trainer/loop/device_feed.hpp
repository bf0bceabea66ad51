// Samples on their way from the loader's queue to the device that trains on them.
//
// A sample leaves the queue unpadded and in small integers (data/compact_sample.hpp). For a CUDA device a thread of its
// own takes it from there, lays it into pinned memory and copies it on a stream of its own, while the device computes
// the step before; what the training thread does in next() is to make its stream wait for the copy (on the device) and
// to launch the expansion. For the CPU next() does it all.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>

#include "trainer/data/batch_loader.hpp"
#include "trainer/loop/batch_source.hpp"

namespace foldperf::trainer {

class DeviceFeed {
 public:
  DeviceFeed(std::unique_ptr<BatchLoader> loader, at::Device device);
  ~DeviceFeed();
  DeviceFeed(const DeviceFeed&) = delete;
  DeviceFeed& operator=(const DeviceFeed&) = delete;

  // The next sample on the device; empty after the last one. What its preparation or copy threw is thrown here. One
  // thread calls it.
  std::optional<TrainingBatch> next();

  [[nodiscard]] QueueStatistics statistics() const { return loader_->statistics(); }

 private:
  class Stager;

  std::unique_ptr<BatchLoader> loader_;
  at::Device device_;
  std::unique_ptr<Stager> stager_;  // none on the CPU
};

}  // namespace foldperf::trainer

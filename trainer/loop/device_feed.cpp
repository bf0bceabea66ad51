#include "trainer/loop/device_feed.hpp"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "trainer/data/expand_sample.hpp"

namespace foldperf::trainer {

namespace {

using Clock = std::chrono::steady_clock;

// Copied or being copied while the one before is trained on: more would only take device memory.
constexpr std::size_t staged_at_most = 2;

TrainingBatch to_training_batch(LoadedBatch batch, at::Device device, Clock::time_point asked) {
  TrainingBatch result;
  result.features = expand(batch.sample, device);
  result.about = std::move(batch.fact);
  result.about.queue_wait_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - asked).count();
  result.drift = batch.drift;
  result.progress = std::move(batch.progress);
  return result;
}

}  // namespace

// Device-generic calls only: this file is also compiled with a LibTorch that has no CUDA.
class DeviceFeed::Stager {
 public:
  Stager(BatchLoader& loader, at::Device device)
      : loader_(loader), device_(device), guard_(device.type()), thread_([this] { run(); }) {}

  ~Stager() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    loader_.stop();
    thread_.join();
  }

  std::optional<LoadedBatch> next() {
    std::optional<Staged> staged;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !staged_.empty() || ended_; });
      if (staged_.empty()) return std::nullopt;
      staged = std::move(staged_.front());
      staged_.pop_front();
    }
    changed_.notify_all();
    if (staged->error) std::rethrow_exception(staged->error);
    const c10::Stream current = guard_.getStream(device_);
    staged->copied->block(current);
    staged->batch->sample.bytes.record_stream(current);
    return std::move(staged->batch);
  }

 private:
  struct Staged {
    std::optional<LoadedBatch> batch;
    std::optional<c10::Event> copied;
    std::exception_ptr error;
  };

  void run() {
    const c10::Stream stream = guard_.getStreamFromGlobalPool(device_);
    for (;;) {
      Staged staged;
      try {
        staged.batch = loader_.next();
        if (!staged.batch) break;
        const c10::StreamGuard on_stream(stream);
        staged.batch->sample = staged.batch->sample.pinned().to(device_, /*non_blocking=*/true);
        staged.copied.emplace(device_.type());
        staged.copied->record(stream);
      } catch (...) {
        staged.batch.reset();
        staged.error = std::current_exception();
      }
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || staged_.size() < staged_at_most; });
      if (stopping_) break;
      staged_.push_back(std::move(staged));
      lock.unlock();
      changed_.notify_all();
    }
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }

  BatchLoader& loader_;
  at::Device device_;
  c10::impl::VirtualGuardImpl guard_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Staged> staged_;
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;  // last: it uses all the others
};

DeviceFeed::DeviceFeed(std::unique_ptr<BatchLoader> loader, at::Device device)
    : loader_(std::move(loader)), device_(device) {
  if (!device_.is_cpu()) stager_ = std::make_unique<Stager>(*loader_, device_);
}

DeviceFeed::~DeviceFeed() = default;

std::optional<TrainingBatch> DeviceFeed::next() {
  const auto asked = Clock::now();
  auto batch = stager_ ? stager_->next() : loader_->next();
  if (!batch) return std::nullopt;
  return to_training_batch(std::move(*batch), device_, asked);
}

}  // namespace foldperf::trainer

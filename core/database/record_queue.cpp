#include "core/database/record_queue.hpp"

#include <pthread.h>

namespace foldperf::database {

RecordQueue::Shard& RecordQueue::shard_of(records::Kind kind) noexcept {
  switch (kind) {
    case records::Kind::nvtx_domain:
    case records::Kind::nvtx_category:
    case records::Kind::nvtx_resource:
    case records::Kind::thread_name:
    case records::Kind::gpu:
    case records::Kind::cuda_device:
    case records::Kind::communicator:
    case records::Kind::collector:
    case records::Kind::kernel_name:
    case records::Kind::api_name:
    case records::Kind::range_stack:
      return shards_[0];
    default: {
      // A thread's handle is the address of its stack's control block: cheap, and unlike for every live thread.
      const auto mixed = static_cast<std::uint64_t>(pthread_self()) * 0x9E3779B97F4A7C15ULL;
      return shards_[1 + (mixed >> 32) % shard_count];
    }
  }
}

bool RecordQueue::reserve(std::size_t size) noexcept {
  std::size_t held = bytes_.load(std::memory_order_relaxed);
  do {
    if (held + size > limit_bytes_) return false;
  } while (!bytes_.compare_exchange_weak(held, held + size, std::memory_order_relaxed));
  return true;
}

void RecordQueue::drain(Batch& batch) {
  batch.bytes = 0;
  for (std::size_t i = shards_.size(); i-- > 0;) {
    const std::lock_guard lock(shards_[i].mutex);
    shards_[i].buffer.swap(batch.buffers[i]);
    batch.bytes += batch.buffers[i].size();
  }
}

void RecordQueue::release(Batch& batch) {
  for (Buffer& buffer : batch.buffers) buffer.clear();
  bytes_.fetch_sub(batch.bytes, std::memory_order_relaxed);
  batch.bytes = 0;
}

}  // namespace foldperf::database

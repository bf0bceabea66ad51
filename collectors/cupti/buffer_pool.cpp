#include "collectors/cupti/buffer_pool.hpp"

#include <sys/mman.h>

#include <cstring>

namespace foldperf::collectors {

std::uint8_t* BufferPool::request() noexcept {
  const std::lock_guard lock(mutex_);
  if (free_count_ != 0) return free_[--free_count_];
  if (made_ < most_buffers) {
    void* made = mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made != MAP_FAILED) {
      ++made_;
      return static_cast<std::uint8_t*>(made);
    }
  }
  ++refused_;
  return nullptr;
}

void BufferPool::complete(const Full& full) noexcept {
  if (full.data == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (full_count_ == most_buffers) return;  // a buffer of somebody else's: there are no more of ours
  full_[(full_begin_ + full_count_) % most_buffers] = full;
  ++full_count_;
}

bool BufferPool::take(Full& full) noexcept {
  const std::lock_guard lock(mutex_);
  if (full_count_ == 0) return false;
  full = full_[full_begin_];
  full_begin_ = (full_begin_ + 1) % most_buffers;
  --full_count_;
  return true;
}

void BufferPool::release(const Full& full) noexcept {
  std::memset(full.data, 0, full.valid_bytes);
  const std::lock_guard lock(mutex_);
  if (free_count_ < most_buffers) free_[free_count_++] = full.data;
}

std::uint64_t BufferPool::refused() noexcept {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace foldperf::collectors

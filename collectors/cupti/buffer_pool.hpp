// The buffers that CUPTI writes its records into: made zeroed, given back zeroed, and never more than a limit.
//
// request() and complete() are called by the program's threads and CUPTI's own: each takes one short lock. Not more is
// allowed in there, CUPTI holds locks of its own.
#pragma once

#include <cupti.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace foldperf::collectors {

class BufferPool {
 public:
  static constexpr std::size_t buffer_bytes = std::size_t{4} << 20;
  static constexpr std::size_t most_buffers = 24;

  struct Full {
    std::uint8_t* data = nullptr;
    std::size_t valid_bytes = 0;
    CUcontext context = nullptr;
    std::uint32_t stream = 0;
  };

  // Null where all are in use: CUPTI then drops records and counts them.
  std::uint8_t* request() noexcept;
  void complete(const Full& full) noexcept;

  // Consumer: takes what is full. Each goes back by release(), which zeroes what was written.
  bool take(Full& full) noexcept;
  void release(const Full& full) noexcept;

  // Requests that found no buffer.
  [[nodiscard]] std::uint64_t refused() noexcept;

  void lock() noexcept { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  std::mutex mutex_;
  std::size_t made_ = 0;
  std::uint64_t refused_ = 0;
  std::uint8_t* free_[most_buffers]{};
  std::size_t free_count_ = 0;
  // Full buffers in the order they came.
  Full full_[most_buffers]{};
  std::size_t full_begin_ = 0;
  std::size_t full_count_ = 0;
};

}  // namespace foldperf::collectors

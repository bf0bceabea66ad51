// The arithmetic of PyTorch's caching allocator for CUDA (c10/cuda/CUDACachingAllocator.cpp) without any memory: which
// blocks it would take from the device, split, keep and join for a sequence of requests. So the memory that a program
// would reserve, fragments included, can be told on a machine without a GPU.
//
// One device and one stream, default settings (no expandable segments, no limit to splitting). Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

namespace foldperf::trainer {

class CachingPool {
 public:
  struct Block;
  using Handle = Block*;

  CachingPool();
  ~CachingPool();
  CachingPool(const CachingPool&) = delete;
  CachingPool& operator=(const CachingPool&) = delete;

  // `bytes` above 0.
  Handle allocate(std::int64_t bytes);
  void free(Handle block);
  // Gives segments that hold nothing back to the device, as the allocator does before it reports that memory is out.
  void release_unused();

  [[nodiscard]] std::int64_t allocated() const { return allocated_; }  // bytes in blocks that are in use
  [[nodiscard]] std::int64_t reserved() const { return reserved_; }    // bytes taken from the device

 private:
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const;
  };
  using FreeBlocks = std::set<Block*, Smaller>;

  FreeBlocks& free_blocks(const Block& block);
  Block* take(std::int64_t size);
  void join(Block& block, Block* neighbour);

  FreeBlocks small_, large_;
  std::int64_t allocated_ = 0;
  std::int64_t reserved_ = 0;
  std::int64_t next_address_ = 0;
};

}  // namespace foldperf::trainer

#include "trainer/memory/caching_pool.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib;
constexpr std::int64_t granule = 512;     // sizes are multiples of this
constexpr std::int64_t most_small = mib;  // requests up to this share small segments
constexpr std::int64_t small_segment = 2 * mib;
constexpr std::int64_t large_segment = 20 * mib;  // of requests that are not small and below
constexpr std::int64_t least_own = 10 * mib;      // from here on a request gets a segment of its own size
constexpr std::int64_t segment_granule = 2 * mib;

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

std::int64_t segment_size(std::int64_t size) {
  if (size <= most_small) return small_segment;
  return size < least_own ? large_segment : rounded_up(size, segment_granule);
}

}  // namespace

struct CachingPool::Block {
  std::int64_t size;
  std::int64_t address;  // only an order
  bool is_small;
  bool is_free = false;
  Block* before = nullptr;  // neighbours in the segment
  Block* behind = nullptr;
};

bool CachingPool::Smaller::operator()(const Block* a, const Block* b) const {
  return a->size != b->size ? a->size < b->size : a->address < b->address;
}

CachingPool::CachingPool() = default;

// Blocks in use belong to whoever holds them: a pool lives longer than they do.
CachingPool::~CachingPool() {
  for (const FreeBlocks* blocks : {&small_, &large_}) {
    for (Block* block : *blocks) delete block;
  }
}

CachingPool::FreeBlocks& CachingPool::free_blocks(const Block& block) { return block.is_small ? small_ : large_; }

// The smallest free block that is large enough, else a new segment.
CachingPool::Block* CachingPool::take(std::int64_t size) {
  FreeBlocks& blocks = size <= most_small ? small_ : large_;
  Block wanted{.size = size, .address = -1, .is_small = size <= most_small};
  const auto found = blocks.lower_bound(&wanted);
  if (found != blocks.end()) {
    Block* block = *found;
    blocks.erase(found);
    return block;
  }
  const std::int64_t bytes = segment_size(size);
  auto* block = new Block{.size = bytes, .address = next_address_, .is_small = wanted.is_small};
  next_address_ += bytes;
  reserved_ += bytes;
  return block;
}

CachingPool::Handle CachingPool::allocate(std::int64_t bytes) {
  const std::int64_t size = rounded_up(bytes, granule);
  Block* block = take(size);
  const std::int64_t rest = block->size - size;
  if (block->is_small ? rest >= granule : rest > most_small) {
    auto* remaining = new Block{.size = rest, .address = block->address + size, .is_small = block->is_small};
    remaining->is_free = true;
    remaining->before = block;
    remaining->behind = block->behind;
    if (remaining->behind != nullptr) remaining->behind->before = remaining;
    block->behind = remaining;
    block->size = size;
    free_blocks(*remaining).insert(remaining);
  }
  block->is_free = false;
  allocated_ += block->size;
  return block;
}

void CachingPool::join(Block& block, Block* neighbour) {
  if (neighbour == nullptr || !neighbour->is_free) return;
  free_blocks(*neighbour).erase(neighbour);
  if (neighbour == block.before) {
    block.address = neighbour->address;
    block.before = neighbour->before;
    if (block.before != nullptr) block.before->behind = &block;
  } else {
    block.behind = neighbour->behind;
    if (block.behind != nullptr) block.behind->before = &block;
  }
  block.size += neighbour->size;
  delete neighbour;
}

void CachingPool::free(Handle block) {
  allocated_ -= block->size;
  join(*block, block->before);
  join(*block, block->behind);
  block->is_free = true;
  free_blocks(*block).insert(block);
}

void CachingPool::release_unused() {
  for (FreeBlocks* blocks : {&small_, &large_}) {
    for (auto block = blocks->begin(); block != blocks->end();) {
      const bool whole_segment = (*block)->before == nullptr && (*block)->behind == nullptr;
      if (!whole_segment) {
        ++block;
        continue;
      }
      reserved_ -= (*block)->size;
      delete *block;
      block = blocks->erase(block);
    }
  }
}

}  // namespace foldperf::trainer

#include "trainer/memory/meta_memory.hpp"

#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <mutex>

#include "trainer/memory/caching_pool.hpp"
#include "trainer/memory/meta_kernels.hpp"

namespace foldperf::trainer::meta_memory {

namespace {

struct Ledger {
  std::mutex mutex;
  CachingPool pool;
  Usage peak;
  std::int64_t limit = 0;
};

// Never destroyed: tensors of static storage give their blocks back at the program's end.
Ledger& ledger() {
  static Ledger& the_ledger = *new Ledger;
  return the_ledger;
}

void free_block(void* block) {
  const std::scoped_lock lock(ledger().mutex);
  ledger().pool.free(static_cast<CachingPool::Handle>(block));
}

CachingPool::Handle allocate_block(Ledger& the_ledger, std::int64_t bytes) {
  CachingPool& pool = the_ledger.pool;
  CachingPool::Handle block = pool.allocate(bytes);
  const auto too_much = [&] { return the_ledger.limit > 0 && pool.reserved() > the_ledger.limit; };
  if (!too_much()) return block;
  pool.free(block);
  pool.release_unused();
  block = pool.allocate(bytes);
  if (!too_much()) return block;
  pool.free(block);
  pool.release_unused();
  TORCH_CHECK_WITH(OutOfMemoryError, false, "out of the memory planned with: tried to allocate ", bytes, " bytes, ",
                   pool.allocated(), " of ", the_ledger.limit, " are in use");
}

// Null data, and a context whose deleter tells when the storage goes.
class CountingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0) return {nullptr, c10::Device(c10::kMeta)};
    Ledger& the_ledger = ledger();
    const std::scoped_lock lock(the_ledger.mutex);
    void* block = allocate_block(the_ledger, static_cast<std::int64_t>(bytes));
    the_ledger.peak.allocated = std::max(the_ledger.peak.allocated, the_ledger.pool.allocated());
    the_ledger.peak.reserved = std::max(the_ledger.peak.reserved, the_ledger.pool.reserved());
    return {nullptr, block, &free_block, c10::Device(c10::kMeta)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void*, const void*, std::size_t) const override {}
};

Usage usage_of(const CachingPool& pool) { return {.allocated = pool.allocated(), .reserved = pool.reserved()}; }

}  // namespace

void install() {
  static const bool installed = [] {
    register_meta_kernels();
    constexpr std::uint8_t above_torch = 1;
    c10::SetAllocator(c10::kMeta, new CountingAllocator, above_torch);
    return true;
  }();
  (void)installed;
}

Usage live() {
  const std::scoped_lock lock(ledger().mutex);
  return usage_of(ledger().pool);
}

Usage peak() {
  const std::scoped_lock lock(ledger().mutex);
  return ledger().peak;
}

void reset_peak() {
  const std::scoped_lock lock(ledger().mutex);
  ledger().peak = usage_of(ledger().pool);
}

void set_limit(std::int64_t bytes) {
  const std::scoped_lock lock(ledger().mutex);
  ledger().limit = bytes;
}

void release_unused() {
  const std::scoped_lock lock(ledger().mutex);
  ledger().pool.release_unused();
}

}  // namespace foldperf::trainer::meta_memory

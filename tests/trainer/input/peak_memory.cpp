#include "tests/trainer/input/peak_memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

std::size_t held_bytes = 0;
std::size_t most_held_bytes = 0;

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  void* memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory != nullptr) held_bytes += malloc_usable_size(memory);
  most_held_bytes = std::max(most_held_bytes, held_bytes);
  return memory;
}

void* operator new(std::size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) held_bytes -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept { operator delete(memory); }

namespace foldperf::testing {

PeakMemory::PeakMemory() : start_(held_bytes) { most_held_bytes = held_bytes; }

std::size_t PeakMemory::bytes() const { return most_held_bytes - start_; }

}  // namespace foldperf::testing

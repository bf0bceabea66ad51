#include "trainer/data/allocator_settings.hpp"

#include <malloc.h>

namespace foldperf::trainer {

void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
}

}  // namespace foldperf::trainer

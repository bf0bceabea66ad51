#include "trainer/feed/cache_statistics.hpp"

#include <array>
#include <cstdio>

namespace foldperf::trainer {

namespace {

template <class... Values>
std::string text(const char* pattern, Values... values) {
  std::array<char, 200> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return buffer.data();
}

double megabytes(std::size_t bytes) { return static_cast<double>(bytes) * 1e-6; }

}  // namespace

std::string describe(const CacheStatistics& statistics) {
  const std::int64_t asked = statistics.hits + statistics.misses;
  if (asked == 0) return "not used";
  std::string line =
      text("found %.1f%% of %lld", 100 * static_cast<double>(statistics.hits) / static_cast<double>(asked),
           static_cast<long long>(asked));
  if (statistics.failures > 0) line += text(", %lld could not be read", static_cast<long long>(statistics.failures));
  if (statistics.evictions > 0) line += text(", let go of %lld", static_cast<long long>(statistics.evictions));
  if (statistics.too_large > 0) {
    line += text(", %lld were larger than the whole cache", static_cast<long long>(statistics.too_large));
  }
  return line + text("; holds %zu in %.1f MB, at most %.1f of %.1f MB", statistics.entries, megabytes(statistics.bytes),
                     megabytes(statistics.largest_bytes), megabytes(statistics.limit_bytes));
}

}  // namespace foldperf::trainer

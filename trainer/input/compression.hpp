// Compressed bytes in memory: zlib's format, as archives hold it, and gzip's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// Nothing larger is read or made.
inline constexpr std::uint64_t largest_inflated = std::uint64_t{4} << 30;

// zlib's format. Level: 1 (fast) to 9 (small).
std::string deflate_bytes(std::string_view bytes, int level);

// `size` is what the bytes claim to become; memory is taken as they do. `path` is for messages. Throws InputError for
// bytes that are no zlib stream, damaged or truncated, and for another size.
std::string inflate_bytes(std::string_view bytes, std::uint64_t size, const std::string& path);

// One gzip stream or several, one behind another. Throws InputError for what is damaged, truncated, or becomes larger
// than 4 GiB.
bool is_gzip(std::string_view bytes);
std::string gunzip_bytes(std::string_view bytes, const std::string& path);

}  // namespace foldperf::trainer

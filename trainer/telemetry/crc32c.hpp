// CRC-32C (Castagnoli; RFC 3720, appendix B.4), and its masked form that TensorFlow's record files hold.
#pragma once

#include <cstdint>
#include <string_view>

namespace foldperf::trainer::telemetry {

std::uint32_t crc32c(std::string_view bytes);

// Rotated right by 15 bits, plus a constant: a checksum of bytes that hold checksums stays a good one
// (tensorflow/tsl/lib/hash/crc32c.h).
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace foldperf::trainer::telemetry

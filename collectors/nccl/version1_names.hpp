// Version 1 of the interface tells functions, types, algorithms and protocols as NCCL 2.23's own numbers. A number that
// is not known here is told as unknown.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foldperf::collectors::nccl {

template <std::size_t count>
constexpr const char* name_or_unknown(const char* const (&names)[count], std::uint8_t number) {
  return number < count ? names[number] : "unknown";
}

constexpr const char* version1_function(std::uint8_t number) {
  constexpr const char* names[] = {"Broadcast", "Reduce",   "AllGather", "ReduceScatter",
                                   "AllReduce", "SendRecv", "Send",      "Recv"};
  return name_or_unknown(names, number);
}

// ncclDataType_t of nccl.h.
constexpr const char* version1_datatype(std::uint8_t number) {
  constexpr const char* names[] = {"ncclInt8",   "ncclUint8",   "ncclInt32",   "ncclUint32",  "ncclInt64",
                                   "ncclUint64", "ncclFloat16", "ncclFloat32", "ncclFloat64", "ncclBfloat16"};
  return name_or_unknown(names, number);
}

constexpr const char* version1_algorithm(std::uint8_t number) {
  constexpr const char* names[] = {"TREE", "RING", "COLLNET_DIRECT", "COLLNET_CHAIN", "NVLS", "NVLS_TREE", "PAT"};
  return name_or_unknown(names, number);
}

constexpr const char* version1_protocol(std::uint8_t number) {
  constexpr const char* names[] = {"LL", "LL128", "SIMPLE"};
  return name_or_unknown(names, number);
}

}  // namespace foldperf::collectors::nccl

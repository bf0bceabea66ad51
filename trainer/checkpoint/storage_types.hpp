// Python's names of storages by the type of their elements (torch/storage.py).
#pragma once

#include <c10/core/ScalarType.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace foldperf::trainer {

inline constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> storage_types{{
    {"FloatStorage", at::kFloat},
    {"DoubleStorage", at::kDouble},
    {"HalfStorage", at::kHalf},
    {"BFloat16Storage", at::kBFloat16},
    {"LongStorage", at::kLong},
    {"IntStorage", at::kInt},
    {"ShortStorage", at::kShort},
    {"CharStorage", at::kChar},
    {"ByteStorage", at::kByte},
    {"BoolStorage", at::kBool},
}};

inline std::optional<at::ScalarType> scalar_type_of_storage(std::string_view name) {
  for (const auto& [storage, type] : storage_types) {
    if (storage == name) return type;
  }
  return std::nullopt;
}

inline std::optional<std::string_view> storage_of_scalar_type(at::ScalarType type) {
  for (const auto& [storage, scalar] : storage_types) {
    if (scalar == type) return storage;
  }
  return std::nullopt;
}

}  // namespace foldperf::trainer

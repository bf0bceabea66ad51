// Files that a command writes and that may be there already.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.hpp"

namespace foldperf::trainer {

// Throws UsageError where the file is there and may not be replaced.
inline void refuse_existing(const std::filesystem::path& file, bool overwrite) {
  std::error_code ignored;
  if (!overwrite && std::filesystem::exists(file, ignored))
    throw UsageError(file.string() + " is there already: give another name, or --overwrite to replace it");
}

}  // namespace foldperf::trainer

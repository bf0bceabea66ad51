// Takes a finished file to another folder, which may be another file system.
#pragma once

#include <string>

namespace foldperf::collectors {

// Writes "<to>.part", renames it to `to` and removes `from`. False: `from` stays as it was, and nothing of `to` is
// left.
bool move_file(const std::string& from, const std::string& to) noexcept;

}  // namespace foldperf::collectors

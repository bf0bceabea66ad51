// Files for readers that want a path.
#pragma once

#include <cstdlib>
#include <filesystem>

#include "tests/support/files.hpp"

namespace foldperf::fuzz {

// One for the whole process: in memory where the machine has such a place, because a file written anew for every input
// would make a disk the bottleneck.
inline const testing::TemporaryFolder& scratch_folder() {
  static const testing::TemporaryFolder folder = [] {
    constexpr const char* in_memory = "/dev/shm";
    std::error_code ignored;
    const auto permissions = std::filesystem::status(in_memory, ignored).permissions();
    using std::filesystem::perms;
    if ((permissions & perms::others_write) != perms::none) setenv("TMPDIR", in_memory, 0);
    return testing::TemporaryFolder();
  }();
  return folder;
}

}  // namespace foldperf::fuzz

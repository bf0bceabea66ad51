// Reads what can still be read of a damaged run database.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace foldperf::database {

struct SalvageReport {
  std::map<std::string, std::int64_t> lost_rows;  // by table: rows that could not be read, as far as they are known
  bool incomplete = false;                        // the number of lost rows is not known
};

// Copies every readable row of `damaged` into a new run database at `target`. Throws InputError when nothing of it can
// be read, or a newer foldperf wrote it.
SalvageReport salvage(const std::string& damaged, const std::string& target);

}  // namespace foldperf::database

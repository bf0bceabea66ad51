// A run database opened for export: an older version is upgraded in a private copy, and of views only ours are there.
#pragma once

#include <string>
#include <vector>

#include "core/database/open_file.hpp"

namespace foldperf::exchange {

class ExportedRun {
 public:
  explicit ExportedRun(const std::string& path);  // throws InputError
  [[nodiscard]] database::sqlite::Connection& connection() { return file_.connection(); }
  [[nodiscard]] std::vector<std::string> tables_and_views();

 private:
  database::ReadableFile file_;
};

}  // namespace foldperf::exchange

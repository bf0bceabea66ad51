// Takes rows of events that ended long ago out of a process' file, oldest first, in bounded batches: SQLite uses their
// room again, so that the file stops growing. Names, facts and graphs stay, and rows of no time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/database/sqlite.hpp"

namespace foldperf::database {

class OldRows {
 public:
  explicit OldRows(sqlite::Connection& connection);
  // Those that ended before, in the file's time. Throws SqliteError. False: there may be more.
  bool remove(std::int64_t before_ns);
  // What is left as the row `last` of `windows`, in place of the one before: a process may be killed after any commit.
  void tell_window(std::int64_t start_ns, std::int64_t end_ns, int rank);

 private:
  sqlite::Connection& connection_;
  std::vector<sqlite::Statement> statements_;
};

}  // namespace foldperf::database

// What is done to a merged run when all its rows are in.
#pragma once

#include <string>
#include <vector>

#include "core/database/sqlite.hpp"

namespace foldperf::database {

// Takes names of machines, commands and paths out. The connection's secure_delete must be on.
void redact(sqlite::Connection& connection);

// A path in a text keeps its last part only. `hosts`: names of machines, which become host1, host2, ...
std::string redacted(std::string_view text, const std::vector<std::string>& hosts);

// Collectors that were not on, with the reason; what was dropped; kernels without the call that launched them.
std::vector<std::string> what_is_missing(sqlite::Connection& connection);

}  // namespace foldperf::database

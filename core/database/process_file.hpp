// The file that one process writes: its start and its end.
#pragma once

#include <memory>
#include <string>

#include "core/database/sqlite.hpp"
#include "core/database/writer.hpp"

namespace foldperf::database {

// Creates the file with the schema and the rows that say which process writes it. Throws SystemError where that is not
// possible or the file exists; then nothing of ours is left.
std::unique_ptr<sqlite::Connection> create_process_file(const std::string& path, const ProcessInfo& process);

// Says in the file that the process came to its end, now. Throws SqliteError.
void mark_finished(sqlite::Connection& connection);

// Closes the file, as one plain file that a read-only reader opens anywhere.
void finish_process_file(std::unique_ptr<sqlite::Connection> connection) noexcept;

void remove_process_file(const std::string& path) noexcept;

}  // namespace foldperf::database

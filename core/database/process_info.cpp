// Who and where this process is.
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/database/writer.hpp"

namespace foldperf::database {
namespace {

std::optional<int> number_in_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    if (!text || !*text) continue;
    int value = 0;
    const std::string_view view(text);
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
    if (error == std::errc() && end == view.data() + view.size() && value >= 0) return value;
  }
  return std::nullopt;
}

// /proc/self/cmdline: arguments end in NUL. Those with spaces are quoted, so that the command can be typed again.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string raw{std::istreambuf_iterator<char>(file), {}};
  std::string command;
  for (std::size_t at = 0; at < raw.size();) {
    const std::string argument = raw.substr(at, raw.find('\0', at) - at);
    at += argument.size() + 1;
    if (!command.empty()) command += ' ';
    if (argument.empty() || argument.find_first_of(" \t\n'\"\\$`*?;&|<>()") != std::string::npos) {
      command += '\'';
      for (const char c : argument) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
      command += '\'';
    } else {
      command += argument;
    }
  }
  return command;
}

// The value of the first line "key<separator>value" of a file of the system.
std::string value_in_file(const char* path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto at = line.find(separator);
    if (at == std::string::npos) continue;
    const auto begin = line.find_first_not_of(" \t\"", at + 1);
    if (begin == std::string::npos) return "";
    return line.substr(begin, line.find_last_not_of(" \t\"") - begin + 1);
  }
  return "";
}

}  // namespace

ProcessInfo this_process() {
  ProcessInfo process;
  process.start_utc_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  process.rank =
      number_in_environment({"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"}).value_or(unknown_rank);
  process.world_size = number_in_environment({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"});
  utsname system{};
  uname(&system);
  process.host = system.nodename;
  process.pid = getpid();
  process.command = command_line();
  if (char* folder = getcwd(nullptr, 0)) {
    process.working_directory = folder;
    std::free(folder);
  }
  process.cpu_model = value_in_file("/proc/cpuinfo", "model name", ':');
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  process.cpu_count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus)
                                                                    : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  process.memory_bytes = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const std::string distribution = value_in_file("/etc/os-release", "PRETTY_NAME", '=');
  process.os = distribution + (distribution.empty() ? "" : ", ") + system.sysname + " " + system.release;
  return process;
}

std::string process_file_name(const ProcessInfo& process) {
  std::string host;
  for (const char c : process.host)
    host += (std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_') ? c : '_';
  const std::string rank = process.rank == unknown_rank ? "x" : std::to_string(process.rank);
  // A pid comes back after an exec, and in another container of the same host name: the start tells those apart.
  return "rank" + rank + "-" + host + "-" + std::to_string(process.pid) + "-" +
         std::to_string(process.start_utc_ns / 1000) + ".foldperf";
}

}  // namespace foldperf::database

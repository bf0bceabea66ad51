#include "cli/run_folder.hpp"

#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/database/writer.hpp"
#include "core/error.hpp"

namespace foldperf::cli {

namespace fs = std::filesystem;

RunFolder RunFolder::create(const std::string& output) {
  std::string path = output + ".part-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    throw SystemError("could not make a folder beside " + output + ": " + std::strerror(errno) +
                      "; choose another place with -o");
  }
  return RunFolder(path);
}

RunFolder RunFolder::open(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    throw InputError(path, "is not a folder; give the one that a killed foldperf profile left (RUN.db.part-XXXXXX)");
  }
  return RunFolder(fs::absolute(path).lexically_normal().string());
}

void RunFolder::save(const database::RunInfo& run) const {
  const nlohmann::json json{{"name", run.name},
                            {"command", run.command},
                            {"working_directory", run.working_directory},
                            {"start_utc_ns", run.start_utc_ns}};
  std::ofstream file(path_ + "/run.json");
  file << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  file.close();
  if (!file) throw SystemError("could not write to " + path_ + ": is the disk full?");
}

database::RunInfo RunFolder::load() const {
  database::RunInfo run;
  run.foldperf_version = FOLDPERF_VERSION;
  run.state = "killed";
  std::ifstream file(path_ + "/run.json");
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object()) return run;
  const auto text = [&json](const char* key) {
    const auto value = json.find(key);
    return value != json.end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  run.name = text("name");
  run.command = text("command");
  run.working_directory = text("working_directory");
  if (const auto start = json.find("start_utc_ns"); start != json.end() && start->is_number_integer()) {
    run.start_utc_ns = start->get<std::int64_t>();
  }
  return run;
}

bool RunFolder::made_by_profile() const noexcept {
  std::error_code error;
  return fs::exists(path_ + "/run.json", error);
}

void RunFolder::remove(const std::vector<std::string>& process_files) const noexcept {
  std::error_code ignored;
  for (const std::string& file : process_files) {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(file + suffix, ignored);
  }
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".foldperf") return;  // of a process that began meanwhile
  }
  std::vector<fs::path> sockets;  // of processes that were killed
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".sock") sockets.push_back(entry->path());
  }
  for (const fs::path& socket : sockets) fs::remove(socket, ignored);
  fs::remove(path_ + "/run.json", ignored);
  fs::remove(path_, ignored);
}

Writer writer_of(const std::string& process_file) {
  // rankR-HOST-PID-START.foldperf; in HOST all but letters, digits, '.' and '_' became '_'.
  const std::string name = fs::path(process_file).filename().string();
  std::array<std::string, 3> words;
  std::size_t from = 0;
  for (std::string& word : words) {
    const std::size_t dash = name.find('-', from);
    if (dash == std::string::npos) return Writer::elsewhere;
    word = name.substr(from, dash - from);
    from = dash + 1;
  }
  database::ProcessInfo here;
  utsname system{};
  uname(&system);
  here.host = system.nodename;
  const std::string ours = database::process_file_name(here);  // "rankx-HOST-0-0.foldperf"
  const std::size_t host_at = ours.find('-') + 1;
  if (ours.compare(host_at, ours.find('-', host_at) - host_at, words[1]) != 0) return Writer::elsewhere;
  // "PID (NAME) STATE ...": one that has ended and is not waited for yet is a zombie.
  std::ifstream stat("/proc/" + words[2] + "/stat");
  const std::string line{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t name_end = line.rfind(") ");
  if (name_end == std::string::npos || name_end + 2 >= line.size()) return Writer::ended;
  return line[name_end + 2] == 'Z' || line[name_end + 2] == 'X' ? Writer::ended : Writer::runs;
}

}  // namespace foldperf::cli

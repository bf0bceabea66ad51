#include "cli/run_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

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

void RunFolder::remove() const noexcept {
  // Only what a run writes: a person may have named a folder that holds more.
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name == "run.json" || name.find(".foldperf") != std::string::npos) fs::remove(entry->path(), ignored);
  }
  fs::remove(path_, error);
}

}  // namespace foldperf::cli

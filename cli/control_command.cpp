#include "cli/control_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace foldperf::cli {
namespace {

namespace fs = std::filesystem;

// A process that is busy writing answers late; one that is stopped, never.
constexpr auto patience = std::chrono::seconds(10);

std::vector<std::string> folders_of(const fs::path& output) {
  const fs::path place = output.has_parent_path() ? output.parent_path() : fs::path(".");
  const std::string prefix = output.filename().string() + ".part-";
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_it = output.has_filename() ? name.rfind(prefix, 0) == 0 : name.find(".part-") != std::string::npos;
    if (is_it && fs::exists(entry->path() / "run.json", error)) folders.push_back(entry->path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string folder_of(const std::vector<std::string>& words) {
  std::error_code error;
  if (words.size() > 2)
    throw UsageError("foldperf profile " + words[0] + " takes one run: " + words[2] + " is too much");
  if (words.size() == 2 && fs::is_directory(words[1], error)) return words[1];
  const std::vector<std::string> folders = folders_of(words.size() == 2 ? fs::path(words[1]) : fs::path("./"));
  if (folders.empty()) {
    throw InputError(words.size() == 2 ? words[1] : "this folder",
                     "no run is being recorded there: name the run database that foldperf profile -o was given, or the "
                     "folder FOLDPERF_OUTPUT_DIR");
  }
  if (folders.size() > 1) {
    std::string list;
    for (const std::string& folder : folders) list += "\n  " + folder;
    throw UsageError("several runs are there; name one:" + list);
  }
  return folders.front();
}

class Connection {
 public:
  explicit Connection(const fs::path& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // The folder's name may be longer than an address can be; by its descriptor it is short.
    const int directory = ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, path.filename().c_str());
    connected_ = socket_ >= 0 && directory >= 0 &&
                 ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    error_ = errno;
    if (directory >= 0) ::close(directory);
  }
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int error() const { return error_; }

  // The line that comes back; empty: none within the patience.
  std::string ask(const std::string& word) {
    const std::string line = word + "\n";
    if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) return {};
    const auto until = std::chrono::steady_clock::now() + patience;
    std::string text;
    while (text.find('\n') == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd wait{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return {};
      char bytes[256];
      const ssize_t read = ::recv(socket_, bytes, sizeof bytes, 0);
      if (read <= 0) return {};
      text.append(bytes, static_cast<std::size_t>(read));
    }
    return text.substr(0, text.find('\n'));
  }

 private:
  int socket_;
  bool connected_ = false;
  int error_ = 0;
};

// control-PID.sock
std::vector<fs::path> sockets_in(const std::string& folder) {
  std::vector<fs::path> sockets;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind("control-", 0) == 0 && entry->path().extension() == ".sock") sockets.push_back(entry->path());
  }
  if (error) throw InputError(folder, "cannot be listed: " + error.message());
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

// What the process says; where it says nothing that can be understood, "" and why in `problem`.
std::string state_of(const std::string& answer, std::string& problem) {
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  if (json.is_object() && json.contains("recording") && json["recording"].is_boolean()) {
    return json["recording"].get<bool>() ? "recording" : "stopped";
  }
  problem = answer.empty() ? "did not answer" : "answered: " + answer;
  return {};
}

}  // namespace

bool is_control(const std::vector<std::string>& words) {
  return !words.empty() && (words[0] == "start" || words[0] == "stop" || words[0] == "status");
}

int control(const std::vector<std::string>& words) {
  const std::string folder = folder_of(words);
  int answered = 0;
  std::vector<std::string> problems;
  for (const fs::path& path : sockets_in(folder)) {
    const std::string process = "process " + path.stem().string().substr(std::strlen("control-"));
    Connection connection(path);
    if (!connection.connected()) {
      // Of a process that was killed, or of another machine.
      if (connection.error() == EACCES || connection.error() == EPERM) {
        problems.push_back(process + ": permission denied: the run is another user's");
      }
      continue;
    }
    std::string problem;
    const std::string state = state_of(connection.ask(words[0]), problem);
    if (state.empty()) {
      problems.push_back(process + " " + problem);
      continue;
    }
    std::printf("%s: %s\n", process.c_str(), state.c_str());
    ++answered;
  }
  if (!problems.empty()) {
    std::string text;
    for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
    throw SystemError(text);
  }
  if (answered == 0) {
    throw InputError(folder, "no process of this machine is being recorded there (yet, or any more)");
  }
  return 0;
}

}  // namespace foldperf::cli

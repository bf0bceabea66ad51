#include "collectors/control/control_server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "collectors/clock.hpp"

namespace foldperf::collectors {
namespace {

// Who says nothing for so long makes room for others.
constexpr std::int64_t patience_ns = 5'000'000'000;

// A socket's address holds 107 bytes, folders of jobs are longer: the kernel knows any folder by a short name, too.
bool bind_in(const std::string& folder, const std::string& name, int socket) {
  const int directory = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int length =
      std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name.c_str());
  const bool fits = length > 0 && static_cast<std::size_t>(length) < sizeof address.sun_path;
  // The mode of the file that bind() makes is that of the socket.
  const bool bound = fits && ::fchmod(socket, 0600) == 0 &&
                     ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::chmod(address.sun_path, 0600) == 0;
  ::close(directory);
  return bound;
}

bool is_owner(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

std::atomic<bool> started{false};

}  // namespace

void ControlServer::listen() noexcept try {
  tried_ = true;
  const std::string name = "control-" + std::to_string(::getpid()) + ".sock";
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening < 0) return;
  std::string path = folder_ + "/" + name;
  ::unlink(path.c_str());  // of a process that had our number before
  if (!bind_in(folder_, name, listening) || ::listen(listening, most_clients) != 0) {
    ::close(listening);
    return;
  }
  socket_ = listening;
  path_ = std::move(path);
} catch (const std::exception&) {
  // No memory: the process cannot be told anything.
}

void ControlServer::accept_clients() noexcept {
  for (Client& client : clients_) {
    if (client.socket >= 0) continue;
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    if (!is_owner(socket)) {
      ::close(socket);
      continue;
    }
    client = {};
    client.socket = socket;
    client.since_ns = monotonic_ns();
  }
}

void ControlServer::hang_up(Client& client) noexcept {
  ::close(client.socket);
  client.socket = -1;
}

void ControlServer::answer(Client& client) noexcept {
  const std::string_view word(client.word, client.bytes);
  if (word == "start" || word == "stop") session_.set_recording(word == "start", "control");
  char text[160];
  if (word == "start" || word == "stop" || word == "status") {
    std::snprintf(text, sizeof text, "{\"pid\": %d, \"recording\": %s}\n", static_cast<int>(::getpid()),
                  session_.recording() ? "true" : "false");
  } else {
    std::snprintf(text, sizeof text, "{\"error\": \"the words are start, stop and status\"}\n");
  }
  [[maybe_unused]] const ssize_t sent = ::send(client.socket, text, std::strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
  hang_up(client);
}

void ControlServer::serve(Client& client) noexcept {
  const ssize_t read = ::recv(client.socket, client.word + client.bytes, longest_word - client.bytes, MSG_DONTWAIT);
  if (read < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (monotonic_ns() - client.since_ns > patience_ns) hang_up(client);
    return;
  }
  if (read <= 0) return hang_up(client);
  client.bytes += static_cast<std::size_t>(read);
  const void* end = std::memchr(client.word, '\n', client.bytes);
  if (end != nullptr) client.bytes = static_cast<std::size_t>(static_cast<const char*>(end) - client.word);
  if (end != nullptr || client.bytes == longest_word) answer(client);
}

void ControlServer::drain(database::RunWriter&, const TimeBase&) noexcept {
  if (!tried_) listen();
  if (socket_ < 0) return;
  accept_clients();
  for (Client& client : clients_) {
    if (client.socket >= 0) serve(client);
  }
}

void ControlServer::close(database::RunWriter&, const TimeBase&) noexcept {
  for (Client& client : clients_) {
    if (client.socket >= 0) hang_up(client);
  }
  if (socket_ < 0) return;
  ::close(socket_);
  socket_ = -1;
  ::unlink(path_.c_str());
}

void ControlServer::after_fork_in_child() noexcept {
  for (Client& client : clients_) {
    if (client.socket >= 0) hang_up(client);
  }
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  path_.clear();  // the file is the parent's
  tried_ = false;
}

void start_control(Session& session, const Settings& settings) noexcept {
  if (started.exchange(true, std::memory_order_relaxed)) return;
  try {
    alignas(ControlServer) static std::byte place[sizeof(ControlServer)];  // never destroyed
    session.add_source(new (place) ControlServer(session, settings.output_folder));
  } catch (const std::exception&) {
    // No memory: the process cannot be told anything.
  }
}

}  // namespace foldperf::collectors

// start, stop and status of a process that is recorded, by a socket in the run's folder that is its owner's alone.
//
// The socket is FOLDPERF_OUTPUT_DIR/control-PID.sock. One word a connection, ended by a line feed: "start", "stop" or
// "status"; the answer is one line of JSON: {"pid": 12, "recording": true}, or {"error": "..."}. It is served on the
// collector's thread, within 100 ms, and nobody who connects can hold that up.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string>

#include "collectors/session/session.hpp"
#include "collectors/session/source.hpp"

namespace foldperf::collectors {

class ControlServer final : public Source {
 public:
  ControlServer(Session& session, std::string folder) : session_(session), folder_(std::move(folder)) {}

  void drain(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void close(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void after_fork_in_child() noexcept override;

 private:
  static constexpr std::size_t most_clients = 8, longest_word = 64;
  struct Client {
    int socket = -1;
    std::int64_t since_ns = 0;
    std::size_t bytes = 0;
    char word[longest_word] = {};
  };

  void listen() noexcept;
  void accept_clients() noexcept;
  void serve(Client& client) noexcept;
  void answer(Client& client) noexcept;
  static void hang_up(Client& client) noexcept;

  Session& session_;
  std::string folder_;
  std::string path_;  // of the socket; empty: none was made
  int socket_ = -1;
  bool tried_ = false;
  std::array<Client, most_clients> clients_{};
};

// Adds it to the session, once a process; the socket is made when the process' file is.
void start_control(Session& session, const Settings& settings) noexcept;

}  // namespace foldperf::collectors

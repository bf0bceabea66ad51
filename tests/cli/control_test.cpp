// foldperf profile start, stop and status, of a job that goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "core/database/reader.hpp"
#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string nvtx_program = FOLDPERF_NVTX_PROGRAM;

class Control : public ::testing::Test {
 protected:
  // A program that makes events until it is killed, under `foldperf profile`.
  void begin(const std::vector<std::string>& options = {}) {
    std::vector<std::string> command{program("foldperf"), "profile", "-o", run_db(), "--collect", "nvtx"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--", nvtx_program, "busy"});
    job_ = std::make_unique<BackgroundProcess>(command);
    for (int i = 0; i < 400 && socket().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_FALSE(socket().empty());
  }
  void end() {
    job_->signal_group(SIGTERM);
    job_->wait();
  }
  [[nodiscard]] std::string run_db() const { return (folder_ / "run.db").string(); }
  [[nodiscard]] std::string socket() const {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path(), error)) {
      if (entry.path().extension() == ".sock") return entry.path().string();
    }
    return {};
  }
  static ProcessResult tell(const std::vector<std::string>& words, const fs::path& from = {}) {
    std::vector<std::string> command{program("foldperf"), "profile"};
    command.insert(command.end(), words.begin(), words.end());
    ProcessOptions options;
    options.working_directory = from;
    return run_process(command, options);
  }

  TemporaryFolder folder_;
  std::unique_ptr<BackgroundProcess> job_;
};

TEST_F(Control, StopsAndStartsAgain) {
  begin();
  EXPECT_THAT(tell({"status", run_db()}).output, HasSubstr(": recording"));
  const ProcessResult stopped = tell({"stop", run_db()});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.errors;
  EXPECT_THAT(stopped.output, HasSubstr(": stopped"));
  EXPECT_THAT(tell({"status"}, folder_.path()).output, HasSubstr(": stopped"));  // the only run of this folder
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_THAT(tell({"start", run_db()}).output, HasSubstr(": recording"));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  end();
  const database::RunReader reader(run_db());
  // Between two windows nothing that began there was kept.
  std::int64_t between = -1, windows = 0, gap = 0;
  reader.query("SELECT count(*),max(start)-min(\"end\") FROM windows WHERE reason='control' OR \"end\" IS NOT NULL", {},
               [&](const database::QueryRow& row) {
                 windows = row.integer(0);
                 gap = row.integer(1);
                 return true;
               });
  reader.query(
      "SELECT count(*) FROM NVTX_EVENTS n WHERE n.start>(SELECT min(\"end\") FROM windows)+100000000 AND "
      "n.start<(SELECT max(start) FROM windows)-100000000",
      {}, [&](const database::QueryRow& row) {
        between = row.integer(0);
        return true;
      });
  EXPECT_GE(windows, 1);
  EXPECT_GT(gap, 400'000'000);
  EXPECT_EQ(between, 0);
}

TEST_F(Control, APausedRunRecordsNothingBeforeItIsStarted) {
  begin({"--paused"});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_THAT(tell({"status", run_db()}).output, HasSubstr(": stopped"));
  EXPECT_THAT(tell({"start", run_db()}).output, HasSubstr(": recording"));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  end();
  const database::RunReader reader(run_db());
  std::int64_t events = 0, early = 0, paused_ns = 0;
  reader.query("SELECT count(*),sum(n.start<w.start),w.start FROM NVTX_EVENTS n,windows w WHERE w.reason='control'", {},
               [&](const database::QueryRow& row) {
                 events = row.integer(0);
                 early = row.integer(1);
                 paused_ns = row.integer(2);
                 return true;
               });
  EXPECT_GT(events, 0);
  EXPECT_EQ(early, 0);
  EXPECT_GT(paused_ns, 400'000'000);
}

TEST_F(Control, TheSocketIsItsOwnersAloneAndGoesWithTheRun) {
  begin();
  struct stat status {};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(status.st_uid, ::geteuid());
  end();
  EXPECT_EQ(socket(), "");
  for (const auto& entry : fs::directory_iterator(folder_.path())) EXPECT_EQ(entry.path(), run_db());
}

TEST_F(Control, AnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play another user";
  begin();
  ASSERT_EQ(::chmod(socket().c_str(), 0666), 0);  // the file's mode alone must not be what protects it
  for (fs::path place = fs::path(socket()).parent_path(); place != "/tmp" && place.has_relative_path();
       place = place.parent_path()) {
    ::chmod(place.c_str(), 0755);
  }
  const pid_t child = fork();
  if (child == 0) {
    if (setuid(65534) != 0) _exit(9);
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    if (path.size() >= sizeof address.sun_path) _exit(8);
    path.copy(address.sun_path, path.size());
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(7);
    [[maybe_unused]] const ssize_t sent = ::send(connection, "stop\n", 5, MSG_NOSIGNAL);
    char bytes[64];
    _exit(::recv(connection, bytes, sizeof bytes, 0) > 0 ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);  // hung up without an answer
  EXPECT_THAT(tell({"status", run_db()}).output, HasSubstr(": recording"));
  end();
}

TEST_F(Control, WhoeverTalksNonsenseOrNothingHoldsNobodyUp) {
  begin();
  const auto connect_to = [this] {
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return connection;
  };
  const int silent = connect_to(), rude = connect_to(), foreign = connect_to();
  const std::string nonsense(100, 'x');
  EXPECT_GT(::send(rude, nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
  EXPECT_GT(::send(foreign, "halt\n", 5, MSG_NOSIGNAL), 0);
  for (const int connection : {rude, foreign}) {
    char bytes[200] = {};
    EXPECT_GT(::recv(connection, bytes, sizeof bytes - 1, 0), 0);
    EXPECT_THAT(std::string(bytes), HasSubstr("\"error\""));
    ::close(connection);
  }
  EXPECT_THAT(tell({"status", run_db()}).output, HasSubstr(": recording"));
  ::close(silent);
  end();
}

TEST_F(Control, SaysWhereNothingIsRecorded) {
  const ProcessResult none = tell({"stop", run_db()});
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.errors, AllOf(HasSubstr(run_db()), HasSubstr("no run is being recorded")));
  const ProcessResult empty = tell({"status", folder_.path().string()});
  EXPECT_NE(empty.exit_code, 0);
  EXPECT_THAT(empty.errors, HasSubstr("no process of this machine"));
  EXPECT_THAT(tell({"stop", "a", "b"}).errors, HasSubstr("takes one run"));
}

}  // namespace
}  // namespace foldperf::testing

#include "tests/fuzz/frame/failing_input.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

// There where a sanitizer is: it calls the function just before it ends the process.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace foldperf::fuzz {

namespace {

// What the signal handler needs; it must not allocate.
std::string_view input_now;
std::array<char, 4096> file_now{};

void print(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody is left to be told
}

void write_input() {
  if (input_now.data() == nullptr) return;
  const int file = open(file_now.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  std::size_t done = 0;
  while (file >= 0 && done < input_now.size()) {
    const ssize_t count = write(file, input_now.data() + done, input_now.size() - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  print(file >= 0 && done == input_now.size() ? "\nfuzz: the failing input is in " : "\nfuzz: cannot write ");
  print({file_now.data(), std::strlen(file_now.data())});
  print("\n");
  input_now = {};
}

void on_signal(int signal) {
  print(signal == SIGALRM ? "\nfuzz: this input takes too long: a hang\n" : "\nfuzz: a signal ended this input: ");
  if (signal != SIGALRM) print(sigabbrev_np(signal));
  write_input();
  // The default action, so that the parent sees the signal.
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void handle(int signal) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void watch_for_failures(std::size_t memory_limit_bytes) {
  // A stack that has overflowed cannot hold the handler's frame.
  static std::array<std::byte, std::size_t{1} << 16> stack;
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  sigaltstack(&alternative, nullptr);
  handle(SIGABRT);
  handle(SIGALRM);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(write_input);  // it has a report of its own for the signals below
    return;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) handle(signal);
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = memory_limit_bytes;
  setrlimit(RLIMIT_AS, &limit);
}

InputUnderTest::InputUnderTest(std::string_view input, const std::filesystem::path& file, unsigned patience_s) {
  const std::size_t size = std::min(file.native().size(), file_now.size() - 1);
  std::memcpy(file_now.data(), file.c_str(), size);
  file_now[size] = '\0';
  input_now = input;
  alarm(patience_s);
}

InputUnderTest::~InputUnderTest() {
  alarm(0);
  input_now = {};
}

}  // namespace foldperf::fuzz

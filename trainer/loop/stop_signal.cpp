#include "trainer/loop/stop_signal.hpp"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace foldperf::trainer {

namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

struct sigaction previous_interrupt, previous_terminate;

// One Ctrl-C may arrive twice: from the terminal or a batch system to the whole process group, and again from the
// launcher or profiler that hands its own on. Repeats within this time are the same request.
constexpr std::int64_t same_request_ns = 1'000'000'000;
std::atomic<std::int64_t> requested_at_ns{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Only what is safe in a signal handler.
void on_signal(int signal) {
  if (stop_requested.exchange(true)) {
    if (now_ns() - requested_at_ns.load() < same_request_ns) return;
    // Asked again: the default action ends the program as soon as the handler returns and the signal is unblocked.
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
    raise(signal);
    return;
  }
  requested_at_ns = now_ns();
  constexpr std::string_view message = "\nfoldperf-train: stopping after this step (again to stop at once)\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
}

}  // namespace

StopSignal::StopSignal() {
  stop_requested = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_interrupt);
  sigaction(SIGTERM, &action, &previous_terminate);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &previous_interrupt, nullptr);
  sigaction(SIGTERM, &previous_terminate, nullptr);
}

bool StopSignal::requested() { return stop_requested.load(std::memory_order_relaxed); }

}  // namespace foldperf::trainer

#include "trainer/loop/stop_signal.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string_view>

namespace foldperf::trainer {

namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

struct sigaction previous_interrupt, previous_terminate;

// Only what is safe in a signal handler. SA_RESETHAND has restored the default action: the next signal kills.
void on_signal(int) {
  stop_requested.store(true, std::memory_order_relaxed);
  constexpr std::string_view message = "\nfoldperf-train: stopping after this step (again to stop at once)\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
}

}  // namespace

StopSignal::StopSignal() {
  stop_requested = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
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

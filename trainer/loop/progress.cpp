#include "trainer/loop/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace foldperf::trainer {

namespace {

constexpr double line_every_s = 10;
constexpr double bar_every_s = 0.2;
constexpr int bar_width = 24;

std::string format(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, value);
  return buffer;
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ProgressStyle default_progress_style() { return ::isatty(STDERR_FILENO) ? ProgressStyle::bar : ProgressStyle::lines; }

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<long long>(std::max(0.0, std::round(seconds)));
  char buffer[64];
  if (whole < 60) {
    std::snprintf(buffer, sizeof buffer, "%lld s", whole);
  } else if (whole < 3600) {
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld min", whole / 60, whole % 60);
  } else if (whole < 48 * 3600) {
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld h", whole / 3600, whole % 3600 / 60);
  } else {
    return format("%.1f days", seconds / 86400);
  }
  return buffer;
}

Progress::Progress(std::ostream& out, ProgressStyle style, std::int64_t steps)
    : out_(out), style_(style), steps_(steps), last_step_(Clock::now()), last_output_() {}

void Progress::step(std::int64_t step, double loss, double lddt_ca, std::int64_t samples) {
  const auto now = Clock::now();
  const double seconds = std::max(1e-9, seconds_between(last_step_, now));
  last_step_ = now;
  // The first step carries warm-up costs; the average forgets it within some twenty steps.
  rate_ = done_ == 0 ? 1 / seconds : 1 / (0.95 / rate_ + 0.05 * seconds);
  done_ = step + 1;
  samples_ = static_cast<double>(samples);
  loss_ = loss;
  lddt_ca_ = lddt_ca;
  if (style_ == ProgressStyle::quiet) return;
  const bool last = done_ == steps_;
  if (!last && seconds_between(last_output_, now) < (style_ == ProgressStyle::bar ? bar_every_s : line_every_s)) return;
  last_output_ = now;
  if (style_ == ProgressStyle::bar) {
    draw_bar();
  } else {
    out_ << status() << std::endl;
  }
}

std::string Progress::status() const {
  return "step " + std::to_string(done_) + "/" + std::to_string(steps_) + "  loss " + format("%.3f", loss_) +
         "  lDDT-Ca " + (std::isfinite(lddt_ca_) ? format("%.3f", lddt_ca_) : "-") + "  " +
         format("%.2f", rate_ * samples_) + " samples/s  left " +
         format_duration(static_cast<double>(steps_ - done_) / rate_);
}

void Progress::erase_bar() {
  if (drawn_) out_ << "\r\033[K";
  drawn_ = false;
}

void Progress::draw_bar() {
  const int filled = static_cast<int>(static_cast<double>(done_) / static_cast<double>(steps_) * bar_width);
  std::string bar(static_cast<std::size_t>(filled), '#');
  bar.resize(bar_width, '.');
  erase_bar();
  out_ << '[' << bar << "] " << status() << std::flush;
  drawn_ = true;
}

void Progress::note(const std::string& text) {
  if (style_ == ProgressStyle::quiet) return;
  erase_bar();
  out_ << text << std::endl;
  // Time spent between steps (an evaluation) is no step's.
  last_step_ = Clock::now();
}

void Progress::finish() {
  if (drawn_) out_ << std::endl;
  drawn_ = false;
}

}  // namespace foldperf::trainer

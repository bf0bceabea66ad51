// What a person sees while training runs, on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace foldperf::trainer {

enum class ProgressStyle { quiet, lines, bar };

// A bar when stderr is a terminal.
ProgressStyle default_progress_style();

class Progress {
 public:
  Progress(std::ostream& out, ProgressStyle style, std::int64_t steps);

  // After a step, numbered from 0. Lines are written every few seconds; a bar is drawn a few times a second.
  void step(std::int64_t step, double loss, double lddt_ca, std::int64_t samples = 1);
  // A message of its own line: an evaluation, a warning. Written in every style but quiet.
  void note(const std::string& text);
  // Ends the bar's line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string status() const;
  void erase_bar();
  void draw_bar();

  std::ostream& out_;
  ProgressStyle style_;
  std::int64_t steps_;
  std::int64_t done_ = 0;
  double loss_ = 0;
  double lddt_ca_ = 0;
  double rate_ = 0;  // samples a second, averaged over the last steps
  bool drawn_ = false;
  double samples_ = 1;  // a step
  Clock::time_point last_step_;
  Clock::time_point last_output_;
};

// "12 s", "3:07 min", "2:15 h", "4.2 days".
std::string format_duration(double seconds);

}  // namespace foldperf::trainer

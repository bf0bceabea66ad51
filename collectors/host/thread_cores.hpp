// On which cores this process' threads spend their time: a share of the threads is read each round, all within one
// cycle of about a second, so that no round has to read many.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foldperf::collectors {

class ThreadCores {
 public:
  // task_folder: /proc/self/task.
  explicit ThreadCores(std::string task_folder) : folder_(std::move(task_folder)) {}

  // Reads the next of `rounds` shares. True: a cycle of so many rounds is complete, and ticks() and children() are new.
  bool advance(int rounds, std::vector<char>& buffer);

  // Ticks that the threads spent in the last complete cycle, each thread's on the core where it ran last.
  [[nodiscard]] const std::unordered_map<std::int64_t, std::int64_t>& ticks() const { return ticks_; }
  // Processes that the threads started and that lived in the last complete cycle.
  [[nodiscard]] const std::vector<std::int64_t>& children() const { return children_; }
  // A cycle was complete, and it had one before it to compare with.
  [[nodiscard]] bool known() const { return cycles_ >= 2; }

  void forget();

 private:
  void list_threads();

  std::string folder_;
  std::vector<std::string> threads_;  // of this cycle
  std::size_t next_ = 0;
  int round_ = 0;
  int cycles_ = 0;
  std::unordered_map<std::string, std::int64_t> before_, now_;  // ticks by thread
  std::unordered_map<std::int64_t, std::int64_t> ticks_, counting_;
  std::vector<std::int64_t> children_, finding_;
};

}  // namespace foldperf::collectors

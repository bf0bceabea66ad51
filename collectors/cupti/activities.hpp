// Which activities CUPTI records for a level, switched on and off together: while a window leaves everything out, a
// launch costs what it costs without a profiler.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "collectors/cupti/api.hpp"
#include "collectors/session/settings.hpp"

namespace foldperf::collectors {

class Activities {
 public:
  // What the level asks for. Nothing is on until set().
  void choose(const CuptiApi& api, const Settings& settings);
  // The same again does nothing. Any thread; CUPTI goes on with what was launched before. What does not switch stays
  // on.
  void set(bool on) noexcept;
  // Not where graphs are recorded as a whole: a program that replayed one ended when its records came back
  // (CUPTI 13.0).
  [[nodiscard]] bool switches() const noexcept { return !by_graph_; }
  // "; not recorded: kernels, CUPTI_ERROR… (7)", of each kind that CUPTI refused the first time it was asked.
  [[nodiscard]] std::string refused();

  void lock() noexcept { mutex_.lock(); }  // around fork()
  void unlock() noexcept { mutex_.unlock(); }

 private:
  struct Kind {
    CUpti_ActivityKind kind;
    const char* name;
    bool refused = false;
  };
  struct Call {
    CUpti_CallbackDomain domain;
    CUpti_CallbackId id;
  };
  void leave_calls_out();
  void enable(Kind& kind);  // under the lock

  CuptiApi api_;
  std::vector<Kind> kinds_;
  std::vector<Call> left_out_;
  bool by_graph_ = false;
  std::mutex mutex_;
  bool on_ = false;
  std::string refused_;
};

}  // namespace foldperf::collectors

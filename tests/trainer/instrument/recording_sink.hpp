// Keeps the ranges of every thread as text, and checks that they balance.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "trainer/instrument/range_sink.hpp"

namespace foldperf::trainer {

class RecordingSink : public RangeSink {
 public:
  RecordingSink() {
    replace_range_sink(this);
    enable_instrumentation(true);
  }
  ~RecordingSink() override {
    enable_instrumentation(false);
    replace_range_sink(nullptr);
  }

  void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) override {
    const std::lock_guard lock(mutex_);
    std::string text = prefix(category) + label.text();
    if (payload) text.append("#").append(std::to_string(*payload));
    events.push_back(std::string("+").append(text));
    open_[std::this_thread::get_id()].push_back(text);
  }
  void pop() override {
    const std::lock_guard lock(mutex_);
    auto& stack = open_[std::this_thread::get_id()];
    if (stack.empty()) {
      events.push_back("-!");
      underflows++;
      return;
    }
    events.push_back(std::string("-").append(stack.back()));
    stack.pop_back();
  }
  void mark(facts::Category, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    marks.push_back(text);
  }

  [[nodiscard]] bool balanced() const {
    if (underflows) return false;
    for (const auto& [thread, stack] : open_) {
      if (!stack.empty()) return false;
    }
    return true;
  }

  // The events of one category only: f(orward), b(ackward), o(perator), p(hase), s(tep), r(ecycling pass).
  [[nodiscard]] std::vector<std::string> only(char category) const {
    std::vector<std::string> kept;
    for (const std::string& event : events) {
      if (event.size() > 1 && event[1] == category) kept.push_back(event);
    }
    return kept;
  }

  std::vector<std::string> events;
  std::vector<std::string> marks;
  int underflows = 0;

 private:
  static std::string prefix(facts::Category category) {
    switch (category) {
      case facts::Category::step:
        return "s:";
      case facts::Category::recycling_pass:
        return "r:";
      case facts::Category::phase:
        return "p:";
      case facts::Category::module:
        return "f:";
      case facts::Category::module_backward:
        return "b:";
      case facts::Category::op:
        return "o:";
      default:
        return "?:";
    }
  }
  std::mutex mutex_;
  std::map<std::thread::id, std::vector<std::string>> open_;
};

}  // namespace foldperf::trainer

// metrics.jsonl: one JSON object a line, written as soon as it is known (docs/training.md lists the keys).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "trainer/checkpoint/output_file.hpp"

namespace foldperf::trainer {

class MetricsLog {
 public:
  explicit MetricsLog(const std::string& path) : file_(path) {}
  // Values that are not finite become null. Throws SystemError naming the file when it cannot be written.
  void write(const nlohmann::ordered_json& line);
  void close() { file_.close(); }

 private:
  OutputFile file_;
};

}  // namespace foldperf::trainer

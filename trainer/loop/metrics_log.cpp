#include "trainer/loop/metrics_log.hpp"

#include <nlohmann/json.hpp>

namespace foldperf::trainer {

void MetricsLog::write(const nlohmann::ordered_json& line) {
  file_.write(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).append("\n"));
}

}  // namespace foldperf::trainer

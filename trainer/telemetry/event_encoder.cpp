#include "trainer/telemetry/event_encoder.hpp"

#include "tensorboard_event.pb.h"

namespace foldperf::trainer::telemetry {
namespace {

constexpr int dt_string = 7;  // DataType of tensorboard/compat/proto/types.proto

tensorboard::Event event_at(double wall_time, std::int64_t step) {
  tensorboard::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  return event;
}

}  // namespace

std::string encode_version(double wall_time) {
  tensorboard::Event event = event_at(wall_time, 0);
  event.set_file_version("brain.Event:2");
  return event.SerializeAsString();
}

std::string encode_restart(double wall_time, std::int64_t step) {
  tensorboard::Event event = event_at(wall_time, step);
  event.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  return event.SerializeAsString();
}

std::string encode_scalars(double wall_time, std::int64_t step, const std::vector<Scalar>& scalars) {
  tensorboard::Event event = event_at(wall_time, step);
  for (const Scalar& scalar : scalars) {
    auto* value = event.mutable_summary()->add_value();
    value->set_tag(scalar.tag);
    value->set_simple_value(static_cast<float>(scalar.value));
  }
  return event.SerializeAsString();
}

std::string encode_text(double wall_time, std::int64_t step, const std::string& tag, const std::string& markdown) {
  tensorboard::Event event = event_at(wall_time, step);
  auto* value = event.mutable_summary()->add_value();
  value->set_tag(tag);
  value->mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
  value->mutable_tensor()->set_dtype(dt_string);
  value->mutable_tensor()->mutable_tensor_shape()->add_dim()->set_size(1);
  value->mutable_tensor()->add_string_val(markdown);
  return event.SerializeAsString();
}

}  // namespace foldperf::trainer::telemetry

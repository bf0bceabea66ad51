#include "core/facts/facts.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace foldperf::facts {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Python's json.dumps writes NaN, Infinity and -Infinity, which are no JSON: outside of strings they become null.
std::string without_bare_non_finite(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (in_string) {
      const std::size_t taken = rest[0] == '\\' && rest.size() > 1 ? 2 : 1;
      in_string = rest[0] != '"';
      result.append(rest.substr(0, taken));
      i += taken;
      continue;
    }
    std::size_t skipped = 0;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (rest.starts_with(word)) skipped = word.size();
    }
    if (skipped) {
      result += "null";
      i += skipped;
    } else {
      in_string = rest[0] == '"';
      result += rest[0];
      ++i;
    }
  }
  return result;
}

// An integer, or a real number that is one ("3.0"). Else nothing.
std::optional<std::int64_t> integer_of(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (std::abs(number) < 9.0e15 && number == std::floor(number)) return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

std::optional<std::int64_t> integer(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : integer_of(*found);
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double real(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::map<std::string, std::int64_t> stages_of(const json& object) {
  std::map<std::string, std::int64_t> stages;
  if (!object.is_object()) return stages;
  for (const auto& [stage, value] : object.items()) {
    if (const auto time_ns = integer_of(value)) stages[stage] = *time_ns;
  }
  return stages;
}

std::optional<Fact> parse_step(const json& object) {
  const auto step = integer(object, "step");
  if (!step) return std::nullopt;
  return StepFact{*step, integer(object, "samples").value_or(0)};
}

std::optional<Fact> parse_batch(const json& object) {
  BatchFact batch;
  batch.step = integer(object, "step").value_or(0);
  batch.chain = text(object, "chain");
  batch.length = integer(object, "length").value_or(0);
  batch.crop = integer(object, "crop").value_or(0);
  batch.alignment_depth = integer(object, "alignment_depth").value_or(0);
  batch.queue_wait_ns = integer(object, "queue_wait_ns").value_or(0);
  if (const auto stages = object.find("preparation_ns"); stages != object.end()) {
    batch.preparation_ns = stages_of(*stages);
  }
  return batch;
}

std::optional<Fact> parse_workload(const json& object) {
  WorkloadFact workload;
  workload.kernel = text(object, "kernel");
  if (workload.kernel.empty()) return std::nullopt;
  if (const auto shape = object.find("shape"); shape != object.end() && shape->is_array()) {
    for (const json& extent : *shape) workload.shape.push_back(integer_of(extent).value_or(0));
  }
  workload.dtype = text(object, "dtype");
  workload.bytes = integer(object, "bytes").value_or(0);
  workload.flops = integer(object, "flops").value_or(0);
  workload.exponentials = integer(object, "exponentials").value_or(0);
  workload.configuration = text(object, "configuration");
  workload.chosen = text(object, "chosen");
  return workload;
}

std::optional<Fact> parse_metric(const json& object) {
  MetricFact metric;
  metric.name = text(object, "name");
  if (metric.name.empty()) return std::nullopt;
  metric.step = integer(object, "step").value_or(0);
  metric.value = real(object, "value");
  metric.split = text(object, "split");
  metric.chain = text(object, "chain");
  return metric;
}

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

struct ToJson {
  ordered_json operator()(const StepFact& step) const {
    return {{"kind", "step"}, {"step", step.step}, {"samples", step.samples}};
  }
  ordered_json operator()(const BatchFact& batch) const {
    ordered_json stages = ordered_json::object();
    for (const auto& [stage, time_ns] : batch.preparation_ns) stages[stage] = time_ns;
    return {{"kind", "batch"},          {"step", batch.step},
            {"chain", batch.chain},     {"length", batch.length},
            {"crop", batch.crop},       {"alignment_depth", batch.alignment_depth},
            {"preparation_ns", stages}, {"queue_wait_ns", batch.queue_wait_ns}};
  }
  ordered_json operator()(const WorkloadFact& workload) const {
    return {{"kind", "workload"},
            {"kernel", workload.kernel},
            {"shape", workload.shape},
            {"dtype", workload.dtype},
            {"bytes", workload.bytes},
            {"flops", workload.flops},
            {"exponentials", workload.exponentials},
            {"configuration", workload.configuration},
            {"chosen", workload.chosen}};
  }
  ordered_json operator()(const MetricFact& metric) const {
    ordered_json value;  // null
    if (std::isfinite(metric.value)) value = metric.value;
    return {{"kind", "metric"}, {"step", metric.step},   {"name", metric.name},
            {"value", value},   {"split", metric.split}, {"chain", metric.chain}};
  }
};

}  // namespace

std::string to_json(const Fact& fact) { return dump(std::visit(ToJson{}, fact)); }

std::string stages_to_json(const std::map<std::string, std::int64_t>& preparation_ns) {
  return dump(ordered_json(preparation_ns));
}

std::map<std::string, std::int64_t> stages_from_json(std::string_view text) {
  return stages_of(json::parse(text, nullptr, false));
}

std::optional<Fact> parse_fact(std::string_view text_of_mark) {
  json object = json::parse(text_of_mark, nullptr, false);
  if (object.is_discarded()) object = json::parse(without_bare_non_finite(text_of_mark), nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const std::string kind = text(object, "kind");
  if (kind == "step") return parse_step(object);
  if (kind == "batch") return parse_batch(object);
  if (kind == "workload") return parse_workload(object);
  if (kind == "metric") return parse_metric(object);
  return std::nullopt;
}

}  // namespace foldperf::facts

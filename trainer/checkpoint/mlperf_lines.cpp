#include "trainer/checkpoint/mlperf_lines.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.hpp"
#include "trainer/checkpoint/atomic_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::string_view line_start = ":::MLLOG ";

std::optional<std::int64_t> whole_number(const json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

bool stays(const std::string& key, const json& metadata, std::int64_t steps, bool is_evaluated) {
  if (const auto first = whole_number(metadata, "first_step"); first > steps) return false;
  const auto step = whole_number(metadata, "step");
  if (!step) return true;
  const bool is_of_next = key == "epoch_start" || (key.starts_with("eval_") && !is_evaluated);
  return is_of_next ? *step < steps : *step <= steps;
}

// Key of a line that stays; that of others' lines, which all do, is empty. Nothing: the log is cut before it.
std::optional<std::string> key_if_stays(const std::string& line, std::int64_t steps, bool is_evaluated) {
  if (!line.starts_with(line_start)) return std::string();
  const json entry = json::parse(line.substr(line_start.size()), nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object() || !entry.contains("key") || !entry["key"].is_string()) return std::nullopt;
  std::string key = entry["key"].get<std::string>();
  if (!stays(key, entry.value("metadata", json::object()), steps, is_evaluated)) return std::nullopt;
  return key;
}

}  // namespace

void drop_mlperf_lines_after(const std::string& path, std::int64_t steps, bool is_evaluated) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() != fs::file_type::regular) return;  // what cannot be looked at cannot be appended to either
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(path, "cannot be opened");
  std::string kept;
  bool is_cut = false;
  constexpr std::size_t none = std::string::npos;
  std::size_t open = none;  // where the interval that encloses the next line begins
  for (std::string line; std::getline(in, line);) {
    const std::optional<std::string> key = in.eof() ? std::nullopt : key_if_stays(line, steps, is_evaluated);
    is_cut = !key;
    if (is_cut) break;
    if (*key == "init_start" || *key == "epoch_start" || *key == "eval_start") open = kept.size();
    if (*key == "run_start" || *key == "epoch_stop" || *key == "eval_stop") open = none;
    kept.append(line).append("\n");
  }
  if (in.bad()) throw InputError(path, "cannot be read");
  in.close();
  if (!is_cut && open == none) return;
  if (open != none) kept.resize(open);
  AtomicFile out(fs::canonical(path).string());  // a link stays one
  out.bytes().write(kept);
  out.commit();
}

}  // namespace foldperf::trainer

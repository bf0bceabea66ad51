#include "trainer/checkpoint/metrics_lines.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "trainer/checkpoint/atomic_file.hpp"

namespace foldperf::trainer {

namespace {

bool stays(const std::string& line, std::int64_t steps, bool is_evaluated) {
  const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return false;
  const auto step = parsed.find("step");
  if (step == parsed.end() || !step->is_number_integer()) return true;
  const auto kind = parsed.find("kind");
  const bool is_evaluation =
      kind != parsed.end() && kind->is_string() && kind->get_ref<const std::string&>().starts_with("eval");
  const auto number = step->get<std::int64_t>();
  return number < steps || (number == steps && is_evaluation && is_evaluated);
}

}  // namespace

std::int64_t drop_lines_after(const std::string& path, std::int64_t steps, bool is_evaluated) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    if (std::filesystem::exists(path)) throw InputError(path, "cannot be opened");
    return 0;
  }
  std::int64_t dropped = 0;
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    // Without a line's end it was not written whole, even where it can be read.
    if (!in.eof() && stays(line, steps, is_evaluated)) {
      kept.append(line).append("\n");
    } else {
      ++dropped;
    }
  }
  if (in.bad()) throw InputError(path, "cannot be read");
  in.close();
  if (dropped == 0) return 0;
  AtomicFile out(path);
  out.bytes().write(kept);
  out.commit();
  return dropped;
}

}  // namespace foldperf::trainer

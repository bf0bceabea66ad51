// LibTorch: in the Python environments; and foldperf-train, which is linked to one.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/places.hpp"
#include "cli/programs.hpp"

namespace foldperf::cli::doctor {
namespace {

namespace fs = std::filesystem;

// The value of `key = 'value'` in torch/version.py.
std::string python_value(const fs::path& file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const auto open = line.find('\'');
    const auto close = line.find('\'', open + 1);
    if (open != std::string::npos && close != std::string::npos) return line.substr(open + 1, close - open - 1);
  }
  return "";
}

}  // namespace

Finding examine_torch() {
  Finding finding;
  finding.name = "Torch";
  for (const std::string& packages : python_packages()) {
    const fs::path version_file = fs::path(packages) / "torch" / "version.py";
    std::error_code error;
    if (!fs::exists(version_file, error)) continue;
    const std::string version = python_value(version_file, "__version__");
    const std::string cuda = python_value(version_file, "cuda");
    finding.state = State::ok;
    finding.found = version + (cuda.empty() ? ", for the CPU" : ", for CUDA " + cuda);
    finding.means = "foldperf-train can be built and run with it; Python programs can be profiled";
    finding.facts.emplace_back("package", version_file.parent_path().string());
    return finding;
  }
  finding.found = "no package torch in a Python environment (the active one, .venv of the checkout, python3's)";
  finding.means = "foldperf-train cannot be built without it";
  finding.advice = "run scripts/setup.sh, or activate the environment that holds torch";
  return finding;
}

Finding examine_trainer() {
  Finding finding;
  finding.name = "Trainer";
  finding.means = "foldperf train does not work without it; foldperf profile and report do";
  const auto program = find_program("foldperf-train");
  if (!program) {
    finding.found = "foldperf-train is neither beside foldperf nor in PATH";
    finding.advice = "build the target foldperf-train";
    return finding;
  }
  finding.facts.emplace_back("program", *program);
  // The dynamic linker tells which libraries it would load, and runs nothing: what ldd does.
  const Outcome trace = run_program({*program}, {"LD_TRACE_LOADED_OBJECTS=1"}, std::chrono::seconds(20));
  std::istringstream lines(trace.text);
  std::string missing;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::string arrow;
    std::string path;
    words >> name >> arrow >> path;
    if (line.find("not found") != std::string::npos) missing += (missing.empty() ? "" : ", ") + name;
    if (name == "libtorch_cpu.so") finding.facts.emplace_back("LibTorch", path);
  }
  if (!trace.ok || !missing.empty()) {
    finding.state = State::broken;
    finding.found = missing.empty() ? "foldperf-train " + trace.problem : "foldperf-train lacks " + missing;
    finding.advice = "the Python environment it was built with may have moved: build it again";
    return finding;
  }
  finding.state = State::ok;
  finding.found = "foldperf-train finds its libraries";
  finding.means = "foldperf train works";
  return finding;
}

}  // namespace foldperf::cli::doctor

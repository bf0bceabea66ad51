// LibTorch: in the Python environments; and foldperf-train, which is linked to one.
#include <sstream>
#include <string>
#include <vector>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/torch_installation.hpp"
#include "cli/programs.hpp"

namespace foldperf::cli::doctor {
namespace {

// What the dynamic linker says of a program: what it would load, and what it would not find. Nothing of it is run.
struct LinkerReport {
  std::string problem;  // empty: it would start
  std::string libtorch;
};

std::string first_words(const std::string& text) {
  const auto start = text.find_first_not_of(" \t");
  return start == std::string::npos ? "" : text.substr(start);
}

// As ldd -r does.
LinkerReport ask_linker(const std::string& program, const std::string& library_path) {
  const std::vector<std::string> command = {
      "sh", "-c", "exec env LD_TRACE_LOADED_OBJECTS=1 LD_WARN=1 LD_BIND_NOW=1 \"$0\" 2>&1", program};
  std::vector<std::string> environment;
  if (!library_path.empty()) environment.push_back("LD_LIBRARY_PATH=" + library_path);
  const Outcome trace = run_program(command, environment, std::chrono::seconds(60));
  LinkerReport report;
  std::string missing;
  std::string other;
  std::istringstream lines(trace.text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::string arrow;
    std::string path;
    words >> name >> arrow >> path;
    if (line.find("=> not found") != std::string::npos) {
      missing += (missing.empty() ? "" : ", ") + name;
    } else if (other.empty() &&
               (line.find("not found") != std::string::npos || line.find("undefined symbol") != std::string::npos)) {
      other = first_words(line);
    }
    if (name == "libtorch_cpu.so" && path.starts_with('/')) report.libtorch = path;
  }
  if (!missing.empty()) {
    report.problem = "foldperf-train lacks " + missing;
  } else if (!other.empty()) {
    report.problem = "foldperf-train does not fit the libraries it finds: " + other;
  } else if (!trace.ok) {
    report.problem = "foldperf-train " + trace.problem;
  }
  return report;
}

}  // namespace

Finding examine_torch() {
  Finding finding;
  finding.name = "Torch";
  const TorchInstallation* usable = usable_torch();
  if (usable == nullptr) {
    finding.state = torch_installations().empty() ? State::missing : State::broken;
    finding.found = no_usable_torch();
    finding.means = release_folder()
                        ? "foldperf-train takes torch from a Python environment, and does not start without"
                        : "foldperf-train can be built with none of those found; where it is built already, "
                          "it knows its own";
    finding.advice =
        release_folder() ? torch_advice() : "run scripts/setup.sh, or activate the environment that holds torch";
    return finding;
  }
  finding.state = State::ok;
  finding.found = usable->version + ", for CUDA " + usable->cuda;
  finding.means = "foldperf-train can be built and run with it; Python programs can be profiled";
  finding.facts.emplace_back("package", usable->folder);
  finding.facts.emplace_back("found by", usable->found_by);
  for (const TorchInstallation& other : torch_installations()) {
    if (!other.problem.empty()) finding.facts.emplace_back("passed over", other.folder + ": " + other.problem);
  }
  return finding;
}

Finding examine_trainer() {
  Finding finding;
  finding.name = "Trainer";
  finding.need = Need::training;
  finding.means = "foldperf train does not work without it; foldperf profile and report do";
  const auto program = find_program("foldperf-train");
  if (!program) {
    finding.found = "foldperf-train is neither beside foldperf nor in PATH";
    finding.advice = "build the target foldperf-train";
    return finding;
  }
  finding.facts.emplace_back("program", *program);
  const auto release = release_folder();
  if (release && usable_torch() == nullptr) {
    finding.state = State::broken;
    finding.found = "foldperf-train has no torch to run with";
    finding.advice = "see Torch";
    return finding;
  }
  const LinkerReport report = release ? ask_linker(*release + "/libexec/foldperf-train", library_path(*usable_torch()))
                                      : ask_linker(*program, "");
  if (!report.libtorch.empty()) finding.facts.emplace_back("LibTorch", report.libtorch);
  if (!report.problem.empty()) {
    finding.state = State::broken;
    finding.found = report.problem;
    finding.advice = release ? "this torch may be another build than PyPI's: " + torch_advice()
                             : "the Python environment it was built with may have moved: build it again";
    return finding;
  }
  finding.state = State::ok;
  finding.found = "foldperf-train finds its libraries";
  finding.means = "foldperf train works";
  return finding;
}

}  // namespace foldperf::cli::doctor

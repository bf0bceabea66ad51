// foldperf doctor: what is on this machine, what it allows, and what to do about the rest.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/context.hpp"
#include "cli/doctor/finding.hpp"
#include "cli/doctor/torch_installation.hpp"
#include "core/error.hpp"

namespace foldperf::cli {
namespace doctor {

const char* state_name(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::missing:
      return "missing";
    case State::broken:
      return "broken";
  }
  return "";
}

}  // namespace doctor

namespace {

std::vector<doctor::Finding> examine_all() {
  return {doctor::examine_machine(), doctor::examine_gpu_driver(), doctor::examine_nvml(),  doctor::examine_cupti(),
          doctor::examine_nccl(),    doctor::examine_nvtx(),       doctor::examine_torch(), doctor::examine_trainer()};
}

// A line for what does not work: "Training does not work: see Trainer"; empty: all works.
std::string what_fails(const std::vector<doctor::Finding>& findings, bool on_gpu) {
  const auto line = [&](const char* what, const std::vector<doctor::Need>& needs) {
    std::string names;
    for (const doctor::Finding& finding : findings) {
      const bool counts = std::find(needs.begin(), needs.end(), finding.need) != needs.end();
      if (counts && finding.state != doctor::State::ok) names += (names.empty() ? "" : ", ") + finding.name;
    }
    return names.empty() ? "" : std::string(what) + " does not work: see " + names + "\n";
  };
  using doctor::Need;
  return (on_gpu ? line("Training on a GPU", {Need::training, Need::training_on_gpu})
                 : line("Training", {Need::training})) +
         line("foldperf profile", {Need::profiling});
}

// For the launcher of a release: what the dynamic linker needs to start foldperf-train.
int print_torch_libraries() {
  const doctor::TorchInstallation* torch = doctor::usable_torch();
  if (torch == nullptr) {
    throw SystemError("foldperf-train has no torch to run with: " + doctor::no_usable_torch() +
                      "\n  to do: " + doctor::torch_advice());
  }
  std::printf("%s\n", doctor::library_path(*torch).c_str());
  return static_cast<int>(ExitCode::success);
}

void print_text(const std::vector<doctor::Finding>& findings) {
  std::printf("foldperf %s\n\n", FOLDPERF_VERSION);
  for (const doctor::Finding& finding : findings) {
    std::printf("%-8s %-11s %s\n", doctor::state_name(finding.state), finding.name.c_str(), finding.found.c_str());
    const auto line = [](const std::string& label, const std::string& text) {
      if (!text.empty()) std::printf("%21s%s: %s\n", "", label.c_str(), text.c_str());
    };
    for (const auto& [key, value] : finding.facts) line(key, value);
    line(finding.state == doctor::State::ok ? "allows" : "means", finding.means);
    line("to do", finding.advice);
  }
}

void print_json(const std::vector<doctor::Finding>& findings) {
  nlohmann::ordered_json json;
  json["foldperf_version"] = FOLDPERF_VERSION;
  json["findings"] = nlohmann::ordered_json::array();
  for (const doctor::Finding& finding : findings) {
    nlohmann::ordered_json entry{{"name", finding.name},
                                 {"state", doctor::state_name(finding.state)},
                                 {"found", finding.found},
                                 {"means", finding.means},
                                 {"advice", finding.advice}};
    entry["facts"] = nlohmann::ordered_json::object();
    for (const auto& [key, value] : finding.facts) entry["facts"][key] = value;
    json["findings"].push_back(std::move(entry));
  }
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto format = std::make_shared<std::string>("text");
  auto on_gpu = std::make_shared<bool>(false);
  auto torch_libraries = std::make_shared<bool>(false);
  CLI::App* sub =
      app.add_subcommand("doctor", "Look at GPU, driver, NVML, CUPTI, NCCL, NVTX and Torch, and say what they allow");
  sub->add_option("--format", *format, "text or json")->check(CLI::IsMember({"text", "json"}))->type_name("FORMAT");
  sub->add_flag("--gpu", *on_gpu, "Fail, too, where training on a GPU does not work");
  sub->add_flag("--torch-libraries", *torch_libraries, "Print where foldperf-train finds torch")->group("");
  sub->footer(
      "\nExample:\n  foldperf doctor\n\n"
      "Exits with 0 where foldperf profile and foldperf train work (with --gpu: on a GPU), else with 1.");
  sub->callback([&context, format, on_gpu, torch_libraries] {
    context.run = [format, on_gpu, torch_libraries] {
      if (*torch_libraries) return print_torch_libraries();
      const auto findings = examine_all();
      *format == "json" ? print_json(findings) : print_text(findings);
      const std::string failing = what_fails(findings, *on_gpu);
      if (failing.empty()) return static_cast<int>(ExitCode::success);
      if (*format == "text") std::printf("\n%s", failing.c_str());
      return static_cast<int>(ExitCode::failure);
    };
  });
}

}  // namespace foldperf::cli

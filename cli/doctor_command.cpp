// foldperf doctor: what is on this machine, what it allows, and what to do about the rest.
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/context.hpp"
#include "cli/doctor/finding.hpp"
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
  return {doctor::examine_machine(), doctor::examine_gpu_driver(), doctor::examine_cupti(),  doctor::examine_nccl(),
          doctor::examine_nvtx(),    doctor::examine_torch(),      doctor::examine_trainer()};
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
  CLI::App* sub =
      app.add_subcommand("doctor", "Look at GPU, driver, CUPTI, NCCL, NVTX and Torch, and say what they allow");
  sub->add_option("--format", *format, "text or json")->check(CLI::IsMember({"text", "json"}))->type_name("FORMAT");
  sub->footer("\nExample:\n  foldperf doctor\n\nExits with 0 whatever it finds.");
  sub->callback([&context, format] {
    context.run = [format] {
      const auto findings = examine_all();
      *format == "json" ? print_json(findings) : print_text(findings);
      return static_cast<int>(ExitCode::success);
    };
  });
}

}  // namespace foldperf::cli

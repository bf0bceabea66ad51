#include "trainer/loop/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.hpp"
#include "trainer/config/presets.hpp"

namespace foldperf::trainer {

namespace {

constexpr const char* footer = R"(
Examples:
  foldperf-train --preset tiny --data samples --output runs/first
  foldperf-train --config run.toml --set schedule.max_lr=5e-4 --steps 1000
  foldperf-train --preset initial_training --data pdb --alignments alignments --print-config > run.toml

Exit codes: 0 done, 1 training failed, 2 wrong command line or configuration, 3 damaged input file,
4 the machine refused (disk full, no such device), 130 stopped by Ctrl-C after finishing the step.
)";

// A text as TOML and JSON both write it.
std::string as_toml_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string list_presets() {
  std::string list;
  for (const std::string& name : preset_names()) list.append(name).append("\n");
  return list;
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CLI::App app{"Trains OpenFold (AlphaFold 2, monomer) on protein structures.", "foldperf-train"};
  app.footer(footer);
  app.get_formatter()->column_width(34);
  CommandLine line;
  std::optional<std::string> data, alignments, output;
  std::optional<std::int64_t> steps;
  bool version = false, presets = false;
  app.add_option("--preset", line.sources.preset, "Configuration to start from (--list-presets)")->type_name("NAME");
  app.add_option("--config", line.sources.files, "TOML file of settings; may be repeated, later ones win")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--set", line.sources.assignments, "One setting; may be repeated, wins over files")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--data", data, "Folder of structures: .cif, .pdb, .ent, also .gz (data.source.train_data_dir)")
      ->type_name("DIR");
  app.add_option("--alignments", alignments, "Folder of <chain>/*.a3m and *.sto (data.source.train_alignment_dir)")
      ->type_name("DIR");
  app.add_option("--output", output, "Folder for weights and metrics (train.output)")->type_name("DIR");
  app.add_option("--steps", steps, "Training steps (train.steps)")->type_name("N");
  app.add_flag("--quiet", line.quiet, "No progress on stderr");
  app.add_flag("--print-config", line.print_config, "Print the whole configuration as TOML, and leave");
  app.add_flag("--list-presets", presets, "Print the names of the presets, and leave");
  app.add_flag("--version", version, "Print the version, and leave");

  // CLI11 takes the last argument first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    line.answer = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + " (foldperf-train --help lists the options)");
  }
  if (version) line.answer = std::string("foldperf-train ") + FOLDPERF_VERSION + "\n";
  if (presets) line.answer = list_presets();

  const auto assign = [&](const char* key, const std::string& value) {
    line.sources.assignments.push_back(std::string(key) + "=" + value);
  };
  if (data) assign("data.source.train_data_dir", as_toml_text(*data));
  if (alignments) assign("data.source.train_alignment_dir", as_toml_text(*alignments));
  if (output) assign("train.output", as_toml_text(*output));
  if (steps) assign("train.steps", std::to_string(*steps));
  return line;
}

}  // namespace foldperf::trainer

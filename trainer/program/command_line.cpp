#include "trainer/program/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "trainer/config/presets.hpp"
#include "trainer/config/value_rules.hpp"

namespace foldperf::trainer {

namespace {

constexpr const char* footer = R"(
Examples:
  foldperf-train --preset tiny --data samples --output runs/first
  foldperf-train --config run.toml --set schedule.max_lr=5e-4 --steps 1000
  foldperf-train --resume runs/first --steps 20000
  foldperf-train --preset initial_training --data pdb --alignments alignments --print-config > run.toml
  foldperf-train --preset initial_training --dry-run --memory 80
  foldperf-train check-data --config run.toml
  foldperf-train features 1ubi_A --config run.toml
  foldperf-train predict 1ubi_A --config runs/first/config.toml --weights runs/first/weights.pt

Exit codes: 0 done, 1 training failed, 2 wrong command line or configuration, 3 damaged input file,
4 the machine refused (disk full, no such device), 130 stopped by Ctrl-C after finishing the step.
)";

constexpr const char* command_footer =
    "\nWhich data: --preset, --config, --set, --data and --alignments, as for training.\n";

// A text as TOML and JSON both write it.
std::string as_toml_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string list_presets() {
  std::string list;
  for (const std::string& name : preset_names()) list.append(name).append("\n");
  return list;
}

// Texts that become settings once the whole line is read: they win over --set.
struct ShortSettings {
  std::optional<std::string> data, alignments, output, device;
  std::optional<std::int64_t> steps, recycles;
};

void add_data_options(CLI::App& app, CommandLine& line, ShortSettings& settings) {
  app.add_option("--preset", line.sources.preset, "Configuration to start from (--list-presets)")->type_name("NAME");
  app.add_option("--config", line.sources.files, "TOML file of settings; may be repeated, later ones win")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--set", line.sources.assignments, "One setting; may be repeated, wins over files")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--data", settings.data,
                 "Structures: folder of .cif, .pdb, .ent, also .gz, or archive (data.source.train_data_dir)")
      ->type_name("DIR");
  app.add_option("--alignments", settings.alignments,
                 "Alignments: folder of <chain>/*.a3m, *.sto, *.hhr, alignment_db index, or archive "
                 "(data.source.train_alignment_dir)")
      ->type_name("DIR");
  app.add_flag("--quiet", line.quiet, "No progress on stderr");
}

CLI::App* add_command(CLI::App& app, CommandLine& line, Command command, const char* name, const char* description) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->fallthrough();  // the options of training that say which data
  sub->footer(command_footer);
  sub->callback([&line, command] { line.command = command; });
  return sub;
}

// What a model is used with, apart from training.
void add_model_options(CLI::App& command, CommandLine& line, ShortSettings& settings) {
  command
      .add_option("--weights", line.weights,
                  "Weights or checkpoint, ours or OpenFold's, or a run's folder; default train.initial_weights")
      ->type_name("FILE");
  command.add_flag("--raw", line.raw, "The weights themselves where there is their moving average too");
  command.add_option("--recycles", settings.recycles, "Extra passes (data.common.max_recycling_iters)")->type_name("N");
  command.add_option("--device", settings.device, "auto, cpu or cuda (train.device)")->type_name("NAME");
  command.add_flag("--overwrite", line.overwrite, "Replace files that are there");
}

void add_commands(CLI::App& app, CommandLine& line, ShortSettings& settings) {
  CLI::App* features = add_command(app, line, Command::features, "features",
                                   "Write the features of one chain as a file for Python's torch.load");
  features->add_option("chain", line.chain, "Name of the chain: 1ubi_A")->required()->type_name("CHAIN");
  features->add_option("-o,--file", line.file, "File to write; default CHAIN.pt")->type_name("FILE");
  features->add_flag("--raw", line.raw, "As they come from the files, before any transform");
  features
      ->add_option("--outputs", line.outputs,
                   "File for what the model makes of them with the weights of train.initial_weights, on the CPU")
      ->type_name("FILE");
  features->add_option("--epoch", line.epoch, "Of the sample's random draws")->type_name("N");
  features->add_option("--index", line.index, "Of the sample's random draws, within the epoch")->type_name("N");
  features->add_flag("--overwrite", line.overwrite, "Replace a file that is there");

  CLI::App* check = add_command(app, line, Command::check_data, "check-data",
                                "Prepare a sample of every chain; list those that cannot be, and the times");
  check->add_option("--limit", line.limit, "Chains to check, evenly over the set; default all")->type_name("N");

  CLI::App* caches = add_command(app, line, Command::caches, "caches",
                                 "Write chain_data_cache.json and mmcif_cache.json of the structures");
  caches->add_option("-o,--folder", line.folder, "Folder to write them to; default .")->type_name("DIR");
  caches->add_option("--clusters", line.clusters, "Cluster file: a cluster a line, chains separated by blanks")
      ->type_name("FILE");
  caches->add_flag("--overwrite", line.overwrite, "Replace files that are there");

  CLI::App* pack = add_command(app, line, Command::pack, "pack",
                               "Write structures and alignments into one archive (SQLite's: sqlite3 FILE -A)");
  pack->add_option("file", line.file, "Archive to write, as training.sqlar")->required()->type_name("FILE");
  pack->add_flag("--verify", line.verify, "Parse every file before it is packed");
  pack->add_flag("--overwrite", line.overwrite, "Replace an archive that is there");

  CLI::App* predict =
      add_command(app, line, Command::predict, "predict", "Write predicted structures as mmCIF and PDB, with pLDDT");
  predict->add_option("chains", line.chains, "Names of chains: 1ubi_A 1ejg; default the validation set")
      ->type_name("CHAIN");
  predict->add_option("--fasta", line.fasta, "Sequences to predict, in place of chains of known structure")
      ->type_name("FILE");
  predict->add_option("-o,--folder", line.folder, "Folder to write to; default predictions")->type_name("DIR");
  add_model_options(*predict, line, settings);

  CLI::App* evaluate =
      add_command(app, line, Command::evaluate, "evaluate", "Compare predictions of the validation set with the truth");
  evaluate->add_option("-o,--folder", line.folder, "Folder for evaluation.tsv and evaluation.json; default none")
      ->type_name("DIR");
  add_model_options(*evaluate, line, settings);
}

// Options of training that its commands would pass over in silence.
void refuse_options_of_training(const CLI::App& app, Command command) {
  const std::string name = app.get_subcommands().front()->get_name();
  for (const char* option : {"--output", "--steps", "--resume", "--print-config", "--dry-run", "--memory"}) {
    if (app.get_option(option)->count() == 0) continue;
    std::string text = std::string(option) + " is an option of training, not of " + name;
    if (option == std::string_view("--output")) {
      if (command == Command::features) text += ": its file is -o, --file";
      if (command == Command::caches || command == Command::predict || command == Command::evaluate)
        text += ": its folder is -o, --folder";
    }
    throw UsageError(text);
  }
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CLI::App app{"Trains OpenFold (AlphaFold 2, monomer) on protein structures.", "foldperf-train"};
  app.footer(footer);
  app.get_formatter()->column_width(34);
  CommandLine line;
  ShortSettings settings;
  bool version = false, presets = false;
  add_data_options(app, line, settings);
  app.add_option("--output", settings.output, "Folder for weights and metrics (train.output)")->type_name("DIR");
  app.add_option("--steps", settings.steps, "Training steps (train.steps)")->type_name("N");
  CLI::Option* const resume =
      app.add_option(
             "--resume", line.resume_from,
             "Go on from a checkpoint: a file, or a run's folder; without PATH the output folder's newest, if any")
          ->type_name("[PATH]")
          ->expected(0, 1);
  app.add_flag("--overwrite", line.overwrite, "Begin anew where an earlier run has checkpoints: they are removed");
  app.add_flag("--print-config", line.print_config, "Print the whole configuration as TOML, and leave");
  app.add_flag("--dry-run", line.dry_run,
               "Print what training needs of a GPU's memory, and leave; needs no GPU, no data");
  app.add_option("--memory", line.memory_gib, "With --dry-run: memory of the GPU meant; default that of the one here")
      ->type_name("GIB");
  app.add_flag("--list-presets", presets, "Print the names of the presets, and leave");
  app.add_flag("--version", version, "Print the version, and leave");
  app.require_subcommand(0, 1);
  add_commands(app, line, settings);

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
  if (line.command != Command::train) refuse_options_of_training(app, line.command);
  line.resume = resume->count() > 0;
  if (line.resume && line.overwrite && line.command == Command::train) {
    throw UsageError("--resume goes on with a run and --overwrite begins anew: give one of them");
  }
  if (line.memory_gib && !line.dry_run)
    throw UsageError("--memory goes with --dry-run; a limit for training is --set train.memory=GIB");
  if (line.memory_gib && !(*line.memory_gib > 0 && *line.memory_gib <= most_memory_gib))
    throw UsageError("--memory must be a number of GiB above 0");
  if (line.limit < 0) throw UsageError("--limit must not be negative");
  if (!line.fasta.empty() && !line.chains.empty()) throw UsageError("give names of chains or --fasta, not both");
  if (version) line.answer = std::string("foldperf-train ") + FOLDPERF_VERSION + "\n";
  if (presets) line.answer = list_presets();

  const auto assign = [&](const char* key, const std::string& value) {
    line.sources.assignments.push_back(std::string(key) + "=" + value);
  };
  if (settings.data) assign("data.source.train_data_dir", as_toml_text(*settings.data));
  if (settings.alignments) assign("data.source.train_alignment_dir", as_toml_text(*settings.alignments));
  if (settings.output) assign("train.output", as_toml_text(*settings.output));
  if (settings.steps) assign("train.steps", std::to_string(*settings.steps));
  if (settings.device) assign("train.device", as_toml_text(*settings.device));
  if (settings.recycles) assign("data.common.max_recycling_iters", std::to_string(*settings.recycles));
  return line;
}

}  // namespace foldperf::trainer

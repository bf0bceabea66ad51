#include "cli/completion.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cli/context.hpp"

namespace foldperf::cli {
namespace {

struct OptionInfo {
  std::vector<std::string> shorts, longs;  // without dashes
  std::string description;
  std::vector<std::string> choices;
  bool takes_value = false, files = false, folders = false;
};

struct CommandInfo {
  std::string name, description;
  std::vector<OptionInfo> options;
  std::vector<std::string> words;  // what may stand as an argument
  bool files = false;              // files may
  bool runs_command = false;       // a command of the shell's may
};

// IsMember's description is "{a,b,c}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open == std::string::npos ? 0 : open);
  std::vector<std::string> choices;
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (std::size_t at = open + 1; at < close;) {
    const std::size_t comma = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

CommandInfo describe(const CLI::App& app) {
  CommandInfo command;
  command.name = app.get_name();
  command.description = app.get_description();
  // "train" hands its arguments on too, but to foldperf-train: options and files.
  command.runs_command = app.get_prefix_command() && app.get_name() != "train";
  command.files = app.get_prefix_command() && !command.runs_command;
  for (const CLI::Option* option : app.get_options()) {
    OptionInfo info;
    info.shorts = option->get_snames();
    info.longs = option->get_lnames();
    info.description = option->get_description();
    info.choices = choices_of(*option);
    const std::string type = option->get_type_name();
    info.takes_value = option->get_items_expected_max() > 0;
    info.files = type.find(file_type) != std::string::npos;
    info.folders = type.find(folder_type) != std::string::npos;
    if (option->get_positional()) {
      command.words.insert(command.words.end(), info.choices.begin(), info.choices.end());
      command.files = command.files || info.files;
    }
    if (!info.shorts.empty() || !info.longs.empty()) command.options.push_back(info);
  }
  return command;
}

std::vector<CommandInfo> subcommands(const CLI::App& app) {
  std::vector<CommandInfo> result;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    result.push_back(describe(*sub));
  return result;
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : separator) + word;
  return result;
}

std::vector<std::string> dashed(const OptionInfo& option) {
  std::vector<std::string> words;
  for (const auto& name : option.shorts) words.push_back("-" + name);
  for (const auto& name : option.longs) words.push_back("--" + name);
  return words;
}

std::vector<std::string> all_dashed(const CommandInfo& command) {
  std::vector<std::string> words;
  for (const OptionInfo& option : command.options) {
    const auto own = dashed(option);
    words.insert(words.end(), own.begin(), own.end());
  }
  return words;
}

// For 'single quotes' of bash and zsh.
std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// Lines of `command` as the words to offer: COMPREPLY=($(...)) would split names at spaces and expand what is a
// pattern.
std::string bash_offer(const std::string& command) { return "mapfile -t COMPREPLY < <(" + command + ")"; }

std::string bash_words(const std::vector<std::string>& words) {
  return "compgen -W " + shell_quoted(joined(words, " ")) + " -- \"$word\"";
}

std::string bash_script(const CommandInfo& top, const std::vector<CommandInfo>& subs) {
  const std::string files = "compgen -f -- \"$word\"";
  const std::string folders = "compgen -d -- \"$word\"";
  std::vector<std::string> names;
  for (const CommandInfo& sub : subs) names.push_back(sub.name);
  const auto top_options = all_dashed(top);
  names.insert(names.end(), top_options.begin(), top_options.end());
  std::string s =
      "# bash completion for foldperf. Load it with: source <(foldperf completion bash)\n"
      "_foldperf() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} i\n"
      "  COMPREPLY=()\n"
      "  if (( COMP_CWORD == 1 )); then\n"
      "    " +
      bash_offer(bash_words(names)) +
      "\n"
      "    return\n"
      "  fi\n"
      "  for (( i = 2; i < COMP_CWORD; i++ )); do\n"
      "    if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
      "      if (( i == COMP_CWORD - 1 )); then " +
      bash_offer("compgen -c -- \"$word\"") + "; else " + bash_offer(files) +
      "; fi\n"
      "      return\n"
      "    fi\n"
      "  done\n"
      "  case \"$command $previous\" in\n";
  for (const CommandInfo& sub : subs) {
    for (const OptionInfo& option : sub.options) {
      if (!option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& word : dashed(option)) patterns.push_back("\"" + sub.name + " " + word + "\"");
      std::string action = ":";
      if (!option.choices.empty()) {
        action = bash_offer(bash_words(option.choices));
      } else if (option.files || option.folders) {
        action = bash_offer(option.files ? files : folders);
      }
      s += "    " + joined(patterns, "|") + ") " + action + "; return ;;\n";
    }
  }
  s += "  esac\n  case \"$command\" in\n";
  for (const CommandInfo& sub : subs) {
    std::vector<std::string> words = all_dashed(sub);
    words.insert(words.end(), sub.words.begin(), sub.words.end());
    const bool with_files = sub.files || sub.runs_command;
    s += "    " + sub.name + ") " + bash_offer(bash_words(words) + (with_files ? "; " + files : "")) + " ;;\n";
  }
  return s + "  esac\n}\ncomplete -o filenames -F _foldperf foldperf\n";
}

// In _arguments' specifications ':' and '[' ']' have a meaning.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_script(const CommandInfo& top, const std::vector<CommandInfo>& subs) {
  const auto specification = [](const OptionInfo& option, const std::string& word) {
    std::string spec = word + "[" + zsh_text(option.description) + "]";
    if (!option.takes_value) return shell_quoted(spec);
    spec += ":value:";
    if (!option.choices.empty()) {
      spec += "(" + joined(option.choices, " ") + ")";
    } else if (option.files || option.folders) {
      spec += option.files ? "_files" : "_files -/";
    }
    return shell_quoted(spec);
  };
  std::string s =
      "#compdef foldperf\n"
      "# zsh completion for foldperf. Put it into a folder of $fpath as _foldperf, or load it with:\n"
      "#   source <(foldperf completion zsh)\n"
      "_foldperf() {\n"
      "  local -a commands=(\n";
  for (const CommandInfo& sub : subs) s += "    " + shell_quoted(sub.name + ":" + zsh_text(sub.description)) + "\n";
  s += "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    _arguments";
  for (const OptionInfo& option : top.options) {
    for (const std::string& word : dashed(option)) s += " " + specification(option, word);
  }
  s += "\n    return\n  fi\n  local command=${words[2]}\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CommandInfo& sub : subs) {
    // -S: after "--" nothing is an option of foldperf.
    s += "    " + sub.name + ")\n      _arguments -S";
    for (const OptionInfo& option : sub.options) {
      for (const std::string& word : dashed(option)) s += " \\\n        " + specification(option, word);
    }
    if (!sub.words.empty()) s += " \\\n        " + shell_quoted("1:value:(" + joined(sub.words, " ") + ")");
    if (sub.files) s += " \\\n        '*:file:_files'";
    if (sub.runs_command) s += " \\\n        '(-)1:command:_command_names -e' '*::argument:_normal'";
    s += "\n      ;;\n";
  }
  return s +
         "  esac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then _foldperf \"$@\"; else compdef _foldperf "
         "foldperf; fi\n";
}

// In single quotes of fish only \ and ' have a meaning.
std::string fish_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\\' || c == '\'') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_script(const CommandInfo& top, const std::vector<CommandInfo>& subs) {
  std::string s =
      "# fish completion for foldperf. Load it with: foldperf completion fish | source\n"
      "complete -c foldperf -f\n";
  const auto option_line = [](const std::string& condition, const OptionInfo& option) {
    std::string line = "complete -c foldperf -n " + fish_quoted(condition);
    for (const auto& name : option.shorts) line += " -s " + name;
    for (const auto& name : option.longs) line += " -l " + name;
    line += " -d " + fish_quoted(option.description);
    if (!option.takes_value) return line + "\n";
    line += " -r";
    if (!option.choices.empty()) line += " -a " + fish_quoted(joined(option.choices, " "));
    if (option.files) line += " -F";
    if (option.folders) line += " -a '(__fish_complete_directories)'";
    return line + "\n";
  };
  for (const OptionInfo& option : top.options) s += option_line("__fish_use_subcommand", option);
  for (const CommandInfo& sub : subs) {
    s += "complete -c foldperf -n __fish_use_subcommand -a " + sub.name + " -d " + fish_quoted(sub.description) + "\n";
    const std::string chosen = "__fish_seen_subcommand_from " + sub.name;
    for (const OptionInfo& option : sub.options) s += option_line(chosen, option);
    if (!sub.words.empty()) {
      s += "complete -c foldperf -n " + fish_quoted(chosen) + " -a " + fish_quoted(joined(sub.words, " ")) + "\n";
    }
    if (sub.files) s += "complete -c foldperf -n " + fish_quoted(chosen) + " -F\n";
    if (sub.runs_command) {
      s += "complete -c foldperf -n " + fish_quoted(chosen) + " -a '(__fish_complete_subcommand --fcs-skip=2)'\n";
    }
  }
  return s;
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  const CommandInfo top = describe(app);
  const auto subs = subcommands(app);
  switch (shell) {
    case Shell::bash:
      return bash_script(top, subs);
    case Shell::zsh:
      return zsh_script(top, subs);
    case Shell::fish:
      return fish_script(top, subs);
  }
  return {};
}

}  // namespace foldperf::cli

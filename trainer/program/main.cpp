// foldperf-train: trains OpenFold as its configuration says, and prepares and checks the data for it.
#include <torch/torch.h>

#include <iostream>
#include <new>

#include "core/error.hpp"
#include "trainer/memory/memory_errors.hpp"
#include "trainer/program/commands.hpp"

namespace foldperf::trainer {
namespace {

// What a command can do with less of.
std::string less_memory(Command command) {
  switch (command) {
    case Command::train:
      return "lower data.train.crop_size or data.train.max_extra_msa, or set model.blocks_per_checkpoint=1 "
             "(--dry-run says what a step needs)";
    case Command::predict:
    case Command::evaluate:
      return "lower model.inference_slice_mib, or leave long chains out";
    default:
      return "lower data.loader.num_workers and data.loader.cache_mib";
  }
}

ExitCode run_command(const CommandLine& line) {
  switch (line.command) {
    case Command::train:
      return train_command(line);
    case Command::features:
      return features_command(line);
    case Command::check_data:
      return check_data_command(line);
    case Command::caches:
      return caches_command(line);
    case Command::pack:
      return pack_command(line);
    case Command::predict:
      return predict_command(line);
    case Command::evaluate:
      return evaluate_command(line);
  }
  throw Error("no such command");
}

ExitCode run(const std::vector<std::string>& arguments) {
  const CommandLine line = parse_command_line(arguments);
  if (!line.answer.empty()) {
    std::cout << line.answer;
    return ExitCode::success;
  }
  try {
    return run_command(line);
  } catch (const c10::Error& error) {
    if (!is_out_of_memory()) throw;
    const std::string text = error.what_without_backtrace();
    throw SystemError("out of memory: " + text.substr(0, text.find('\n')) + "; " + less_memory(line.command));
  } catch (const std::bad_alloc&) {
    throw SystemError("out of memory; " + less_memory(line.command));
  }
}

int report(const std::string& message, ExitCode code) {
  std::cerr << "foldperf-train: " << message << std::endl;
  return static_cast<int>(code);
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  using foldperf::ExitCode;
  using foldperf::trainer::report;
  try {
    return static_cast<int>(foldperf::trainer::run({argv + 1, argv + argc}));
  } catch (const foldperf::Error& error) {
    return report(error.what(), error.code());
  } catch (const c10::Error& error) {
    return report(error.what_without_backtrace(), ExitCode::failure);
  } catch (const std::exception& error) {
    return report(error.what(), ExitCode::failure);
  }
}

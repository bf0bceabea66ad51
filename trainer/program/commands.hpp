// What foldperf-train does, by command. All read data.source of the configuration.
#pragma once

#include "core/error.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {

// Trains.
ExitCode train_command(const CommandLine& line);
// Writes the features of one chain, for Python's torch.load.
ExitCode features_command(const CommandLine& line);
// Prepares a sample of every chain and tells which cannot be, and how long it takes.
ExitCode check_data_command(const CommandLine& line);
// Writes the chain data cache and the mmcif cache of a folder of structures, as OpenFold's scripts do.
ExitCode caches_command(const CommandLine& line);
// Writes structures and alignments into one archive.
ExitCode pack_command(const CommandLine& line);

// Writes predicted structures of chains or sequences, and how near those of known structure came to it.
ExitCode predict_command(const CommandLine& line);
// Scores of the validation set's chains: as training evaluates, with weights of a file.
ExitCode evaluate_command(const CommandLine& line);

}  // namespace foldperf::trainer

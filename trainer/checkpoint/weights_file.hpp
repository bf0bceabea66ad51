// Weights of an AlphaFold model from whatever file OpenFold, its launchers or this program have saved them in.
#pragma once

#include <string>

#include "trainer/checkpoint/torch_archive.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct LoadedWeights {
  TensorDict tensors;   // float32, names without wrappers; on the CPU
  std::string path;     // the file that was read: of a folder, the one in it
  std::string section;  // where in the file they stand: "ema.params", "module", ...; empty: the file is a state dict
};

// Reads, of what is there the first:
//   ema.params    the moving average, in checkpoints of OpenFold and of this program: what a model is evaluated with
//   module        DeepSpeed's model
//   state_dict    Lightning's; model_state_dict and model, which other programs use
//   the file      a plain state_dict()
// Everything else in the file (optimiser, hyper-parameters, objects of any class) is passed over, and never run.
// Weights in bf16 and half precision become float32. What wrappers put before all names ("module.", "model.",
// "_forward_module.") is taken away.
//
// `path` may be a DeepSpeed checkpoint folder: its model states are read, not the optimiser's shards (the float32
// weights of a bf16 run are in those; with ZeRO stage 3 all weights are, and it is refused). It may also be the output
// folder of a run of this program, of which weights.pt is read.
//
// Where the weights themselves are wanted, ema.params is passed over, and weights_raw.pt is read of a run's folder.
//
// Throws InputError.
enum class WantedWeights { averaged, raw };
LoadedWeights load_weights(const std::string& path, WantedWeights wanted = WantedWeights::averaged);

// The same from an open file.
LoadedWeights load_weights(const TorchArchive& archive, WantedWeights wanted = WantedWeights::averaged);

}  // namespace foldperf::trainer

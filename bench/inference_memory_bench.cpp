// Memory that tensors hold at most in a pass through the trunk without gradient, and the pass' time, in slices and
// without:
//
//   inference_memory_bench [residues...]        default 256 512
//
// One block each of the Evoformer and of the extra-MSA stack with the widths of initial_training, 128 clusters and 1024
// extra sequences: the peak does not depend on the number of blocks.
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/support/tensor_memory.hpp"
#include "trainer/model/evoformer.hpp"
#include "trainer/model/extra_msa.hpp"
#include "trainer/model/inference_slices.hpp"

namespace {

using namespace foldperf::trainer;

struct Measured {
  double gib;
  double seconds;
};

Measured measure(std::int64_t residues, std::int64_t slice_mib) {
  const torch::NoGradGuard no_grad;
  EvoformerStackConfig config, extra_config = extra_msa_stack_defaults();
  config.no_blocks = extra_config.no_blocks = 1;
  EvoformerStack evoformer(config);
  ExtraMsaStack extra_msa(extra_config);
  evoformer->eval();
  extra_msa->eval();
  const foldperf::testing::TensorMemory memory;
  const auto start = std::chrono::steady_clock::now();
  {
    const InferenceSlices slices(slice_mib << 20);
    const at::Tensor m = torch::randn({1, 128, residues, config.c_m});
    at::Tensor extra = torch::randn({1, 1024, residues, extra_config.c_m});
    at::Tensor z = torch::randn({1, residues, residues, config.c_z});
    const at::Tensor msa_mask = torch::ones({1, 128, residues}), extra_mask = torch::ones({1, 1024, residues});
    const at::Tensor pair_mask = torch::ones({1, residues, residues});
    z = extra_msa->forward(std::move(extra), std::move(z), extra_mask, pair_mask, false);
    (void)evoformer->forward(m, std::move(z), msa_mask, pair_mask, false);
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return {static_cast<double>(memory.peak_bytes()) / (1 << 30), time.count()};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> lengths;
  for (int i = 1; i < argc; ++i) lengths.push_back(std::stoll(argv[i]));
  if (lengths.empty()) lengths = {256, 512};
  std::printf("%9s %10s %10s %9s\n", "residues", "slices", "peak GiB", "seconds");
  for (const std::int64_t length : lengths) {
    for (const std::int64_t mib : {0, 512, 64}) {
      const Measured measured = measure(length, mib);
      std::printf("%9lld %10s %10.2f %9.1f\n", static_cast<long long>(length),
                  mib == 0 ? "none" : (std::to_string(mib) + " MiB").c_str(), measured.gib, measured.seconds);
      std::fflush(stdout);
    }
  }
}

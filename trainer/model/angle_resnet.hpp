// Torsion angles from the single representation (AlphaFold 2 supplement, algorithm 20, lines 11 to 14;
// openfold/model/structure_module.py: AngleResnetBlock, AngleResnet).
#pragma once

#include <utility>
#include <vector>

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: linear_1, linear_2.
class AngleResnetBlockImpl : public TracedModule {
 public:
  explicit AngleResnetBlockImpl(std::int64_t c_hidden);
  at::Tensor forward(const at::Tensor& a);  // [*, c_hidden]

 private:
  Linear linear_1_{nullptr}, linear_2_{nullptr};
};
TORCH_MODULE(AngleResnetBlock);

// Parameters: linear_in, linear_initial, layers.<i>, linear_out.
class AngleResnetImpl : public TracedModule {
 public:
  AngleResnetImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_blocks, std::int64_t no_angles,
                  double epsilon);
  // s and s_initial (before the structure module), [*, c_in]; gives the angles as (sine, cosine), before and after
  // normalisation, each [*, no_angles, 2]. s_initial broadcasts over leading dimensions of s.
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& s, const at::Tensor& s_initial);

 private:
  double epsilon_;
  Linear linear_in_{nullptr}, linear_initial_{nullptr}, linear_out_{nullptr};
  std::vector<AngleResnetBlock> layers_;
};
TORCH_MODULE(AngleResnet);

}  // namespace foldperf::trainer

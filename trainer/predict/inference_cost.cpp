#include "trainer/predict/inference_cost.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace foldperf::trainer {

namespace {

// A multiplication and an addition for each of the numbers.
double product(double rows, double inner, double columns) { return 2 * rows * inner * columns; }

// `rows` groups of `length` positions that attend: projections, logits, values, output.
double attention(double rows, double length, double channels, double heads, double hidden) {
  const double width = heads * hidden;
  return product(rows * length, channels, 5 * width) + 2 * product(rows * length, width, length);
}

double triangle_multiplication(double n, double channels, double hidden) {
  return product(n * n, channels, 4 * hidden + channels) + product(n * n, hidden, channels) + product(n * n, hidden, n);
}

double evoformer_block(const EvoformerStackConfig& c, double rows, double n, bool global_column_attention) {
  const auto m = static_cast<double>(c.c_m), z = static_cast<double>(c.c_z), opm = static_cast<double>(c.c_hidden_opm);
  const auto wide = static_cast<double>(c.transition_n);
  const auto msa_heads = static_cast<double>(c.no_heads_msa), msa_hidden = static_cast<double>(c.c_hidden_msa_att);
  double sum = attention(rows, n, m, msa_heads, msa_hidden);
  if (global_column_attention) {
    sum += product(rows * n, m, 2 * msa_heads * msa_hidden);
  } else if (!c.no_column_attention) {
    sum += attention(n, rows, m, msa_heads, msa_hidden);
  }
  sum += 2 * product(rows * n, m, wide * m) + product(n * opm, rows, n * opm) + product(n * n, opm * opm, z);
  sum += 2 * triangle_multiplication(n, z, static_cast<double>(c.c_hidden_mul));
  sum += 2 * attention(n, n, z, static_cast<double>(c.no_heads_pair), static_cast<double>(c.c_hidden_pair_att));
  return sum + 2 * product(n * n, z, wide * z);
}

double template_block(const TemplatePairStackConfig& c, double n) {
  const auto t = static_cast<double>(c.c_t);
  return 2 * triangle_multiplication(n, t, static_cast<double>(c.c_hidden_tri_mul)) +
         2 * attention(n, n, t, static_cast<double>(c.no_heads), static_cast<double>(c.c_hidden_tri_att)) +
         2 * product(n * n, t, static_cast<double>(c.pair_transition_n) * t);
}

}  // namespace

double inference_operations(const ModelConfig& model, const DataCommonConfig& data, const DataModeConfig& mode,
                            std::int64_t length) {
  const auto n = static_cast<double>(length);
  const double templates = model.template_.enabled ? static_cast<double>(mode.max_templates) : 0;
  const double rows = static_cast<double>(mode.max_msa_clusters) + templates;
  double pass = static_cast<double>(model.evoformer_stack.no_blocks) *
                evoformer_block(model.evoformer_stack, rows, n, /*global_column_attention=*/false);
  if (model.extra_msa.enabled) {
    pass += static_cast<double>(model.extra_msa.extra_msa_stack.no_blocks) *
            evoformer_block(model.extra_msa.extra_msa_stack, static_cast<double>(mode.max_extra_msa), n,
                            /*global_column_attention=*/true);
  }
  const TemplatePairStackConfig& stack = model.template_.template_pair_stack;
  pass += templates * static_cast<double>(stack.no_blocks) * template_block(stack, n);
  return pass * static_cast<double>(data.max_recycling_iters + 1);
}

std::string describe_work(const std::vector<ChainLength>& chains, const ModelConfig& model,
                          const DataCommonConfig& data, const DataModeConfig& mode) {
  if (chains.empty()) return "no chains";
  std::vector<ChainLength> sorted = chains;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ChainLength& a, const ChainLength& b) { return a.length > b.length; });
  const auto residues = [](std::int64_t number) { return std::to_string(number) + " residues"; };
  if (chains.size() == 1) return "1 chain of " + residues(sorted.front().length);
  std::string text = std::to_string(chains.size()) + " chains of ";
  if (sorted.front().length == sorted.back().length) return text + residues(sorted.front().length);
  text += std::to_string(sorted.back().length) + " to " + residues(sorted.front().length);
  std::vector<double> work;
  for (const ChainLength& chain : sorted) work.push_back(inference_operations(model, data, mode, chain.length));
  const double total = std::accumulate(work.begin(), work.end(), 0.0);
  constexpr std::size_t named_at_most = 3;
  std::size_t named = 0;
  double share = 0;
  while (named < named_at_most && named < sorted.size() && share < 0.5) share += work[named++] / total;
  // Long are those that take more than their number lets expect.
  if (share < 0.5 || share < 1.5 * static_cast<double>(named) / static_cast<double>(sorted.size())) return text;
  text += named == 1 ? "; the longest, " : "; the longest ones, ";
  for (std::size_t i = 0; i < named; ++i) {
    if (i > 0) text += i + 1 == named ? " and " : ", ";
    text += sorted[i].chain + " (" + std::to_string(sorted[i].length) + ")";
  }
  return text + (named == 1 ? ", makes " : ", make ") + std::to_string(std::lround(100 * share)) + "% of the work";
}

}  // namespace foldperf::trainer

#include "trainer/data/sequence_embedding.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "core/error.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/shape_text.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t last_layer = 33;  // of ESM-1b

constexpr const char* how_to_make =
    "write it with scripts/precompute_embeddings.py of OpenFold, or with extract.py of ESM for esm1b_t33_650M_UR50S, "
    "--repr_layers 33 and --include per_tok";

c10::IValue unpickle(const std::string& bytes, const fs::path& file) {
  try {
    return torch::pickle_load(std::vector<char>(bytes.begin(), bytes.end()));
  } catch (const c10::Error& error) {
    throw InputError(file.string(),
                     "is damaged, or no file of torch.save: " + std::string(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    throw InputError(file.string(), std::string("is damaged, or no file of torch.save: ") + error.what());
  }
}

// The value of a key, or nothing.
c10::IValue entry(const c10::IValue& dictionary, const c10::IValue& key) {
  if (!dictionary.isGenericDict()) return {};
  const auto entries = dictionary.toGenericDict();
  const auto found = entries.find(key);
  return found == entries.end() ? c10::IValue() : found->value();
}

}  // namespace

fs::path sequence_embedding_file(const fs::path& folder, const std::string& chain) {
  const fs::path own = folder / (chain + ".pt");
  if (fs::exists(own)) return own;
  std::vector<fs::path> files;
  if (fs::is_directory(folder)) {
    for (const auto& item : fs::directory_iterator(folder)) {
      if (item.path().extension() == ".pt") files.push_back(item.path());
    }
  }
  if (files.size() == 1) return files.front();
  if (files.empty()) {
    throw InputError(own.string(),
                     "there is no such file, but sequence-embedding mode (data.seqemb_mode) needs the "
                     "embedding of chain " +
                         chain + ": " + how_to_make);
  }
  std::sort(files.begin(), files.end());
  throw InputError(folder.string(), "which .pt file is the embedding of chain " + chain + ": " +
                                        files.front().filename().string() + ", " + files[1].filename().string() +
                                        " or another? Name it " + chain + ".pt");
}

at::Tensor read_sequence_embedding(const fs::path& file, std::int64_t length, std::int64_t width) {
  const std::string bytes = read_text_file(file);
  const c10::IValue content = unpickle(bytes, file);
  const c10::IValue layer = entry(entry(content, std::string("representations")), last_layer);
  if (!layer.isTensor()) {
    throw InputError(file.string(), "holds no tensor \"representations\"[33], an embedding by ESM-1b's last layer; " +
                                        std::string(how_to_make));
  }
  const at::Tensor embedding = layer.toTensor();
  // Torch believes the size that the file claims; its numbers lie in it uncompressed.
  if (embedding.storage().nbytes() > bytes.size()) throw InputError(file.string(), "is damaged: it ends too early");
  if (embedding.dim() != 2 || embedding.size(0) != length || embedding.size(1) != width ||
      !embedding.is_floating_point()) {
    throw InputError(file.string(),
                     "the embedding is " + std::string(embedding.dtype().name()) + " " + shape_text(embedding.sizes()) +
                         ", but this chain and model need floating-point numbers " + shape_text({length, width}) +
                         " (residues of the sequence, model.preembedding_embedder.preembedding_dim): embed the chain's "
                         "whole sequence, residues without coordinates included, without start and end tokens; " +
                         how_to_make);
  }
  const at::Tensor values = embedding.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  if (!torch::isfinite(values).all().item<bool>()) {
    throw InputError(file.string(), std::string("the embedding has values that are not finite; ") + how_to_make);
  }
  return values;
}

TensorDict sequence_embedding_features(const fs::path& folder, const std::string& chain, const std::string& sequence,
                                       std::int64_t width) {
  TensorDict features = merge_alignments({own_sequence_alignment(sequence)});
  features["seq_embedding"] = read_sequence_embedding(sequence_embedding_file(folder, chain),
                                                      static_cast<std::int64_t>(sequence.size()), width);
  return features;
}

}  // namespace foldperf::trainer

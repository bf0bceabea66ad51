#include "trainer/data/chain_dataset.hpp"

#include <algorithm>
#include <numeric>

#include "trainer/data/stage_clock.hpp"
#include "trainer/data/template_features.hpp"

namespace foldperf::trainer {

namespace {

// Each set its share of what is not the templates' half of the limit.
std::size_t cache_bytes(const DataConfig& config, std::size_t sets) {
  const auto limit = static_cast<std::size_t>(config.loader.cache_mib) << 20;
  const bool has_templates = !config.source.template_mmcif_dir.empty() && config.common.use_templates;
  return (has_templates ? limit / 2 : limit) / sets;
}

std::vector<std::size_t> template_order(const SampleKey& sample, std::size_t count) {
  RandomStream stream(sample, Purpose::template_order);
  std::vector<std::size_t> order;
  for (const std::int64_t place : stream.permutation(static_cast<std::int64_t>(count)))
    order.push_back(static_cast<std::size_t>(place));
  return order;
}

}  // namespace

ChainDataset::ChainDataset(std::vector<ChainSet> sets, const DataConfig& config, DataMode mode)
    : mode_config_(config_of(config, mode)), pipeline_(config, mode) {
  const std::size_t bytes = cache_bytes(config, std::max<std::size_t>(sets.size(), 1));
  for (ChainSet& set : sets) {
    readers_.push_back(std::make_unique<const ChainReader>(std::move(set), config.seqemb_mode.preembedding_dim, bytes));
  }
}

TensorDict ChainDataset::with_templates(const ParsedChain& chain, const ChainSet& set, const SampleKey& sample) const {
  TensorDict raw = chain.raw;
  if (!set.templates || chain.hits.empty()) return raw;
  TemplateQuery query;
  query.sequence = chain.sequence;
  query.max_hits = static_cast<std::size_t>(mode_config_.max_template_hits);
  if (set.shuffles_templates) query.shuffle_top_k = static_cast<std::size_t>(mode_config_.shuffle_top_k_prefiltered);
  query.permutation = [&](std::size_t count) { return template_order(sample, count); };
  const auto length = static_cast<std::int64_t>(chain.sequence.size());
  for (auto& [name, tensor] : template_raw_features(set.templates->find(query, chain.hits).templates, length))
    raw[name] = tensor;
  return raw;
}

Batch ChainDataset::load(std::size_t set, std::size_t chain, const SampleKey& sample) const {
  const ChainReader& reader = *readers_.at(set);
  Batch batch;
  StageTimes& nanoseconds = batch.fact.preparation_ns;
  const std::shared_ptr<const ParsedChain> parsed = reader.read(chain, nanoseconds);
  StageClock clock(nanoseconds);
  const TensorDict raw = with_templates(*parsed, reader.set(), sample);
  if (reader.set().templates) clock.finish("templates");
  const TensorDict fixed = pipeline_.fixed_transforms(raw);
  clock.finish("features");
  batch.sample = pipeline_.compact(fixed, sample);
  clock.finish("transforms");
  batch.fact.chain = reader.set().catalog.chains.at(chain).name;
  batch.fact.length = static_cast<std::int64_t>(parsed->sequence.size());
  batch.fact.crop = batch.sample.fixed.at("aatype").size(0);
  batch.fact.alignment_depth = parsed->alignment_depth;
  batch.epoch = sample.epoch;
  return batch;
}

TensorDict ChainDataset::raw_features(std::size_t set, std::size_t chain, const SampleKey& sample) const {
  StageTimes nanoseconds;
  const ChainReader& reader = *readers_.at(set);
  return with_templates(*reader.read(chain, nanoseconds), reader.set(), sample);
}

std::shared_ptr<const ParsedChain> ChainDataset::parsed(std::size_t set, std::size_t chain) const {
  StageTimes nanoseconds;
  return readers_.at(set)->read(chain, nanoseconds);
}

std::size_t ChainDataset::size() const {
  return std::accumulate(readers_.begin(), readers_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& reader) { return sum + reader->set().catalog.chains.size(); });
}

std::string ChainDataset::cache_summary() const {
  std::string text;
  const auto add = [&](const std::string& what, const CacheStatistics& cache) {
    if (cache.limit_bytes > 0) text += (text.empty() ? "" : "; ") + what + ": " + describe(cache);
  };
  for (const auto& reader : readers_) add(reader->set().name + " chains", reader->cache_statistics());
  if (const auto& templates = readers_.front()->set().templates) add("templates", templates->cache_statistics());
  return text;
}

}  // namespace foldperf::trainer

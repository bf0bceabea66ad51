#include "trainer/data/batch_loader.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <chrono>

#include "trainer/data/allocator_settings.hpp"

namespace foldperf::trainer {

namespace {

// LibTorch's operators would start a team of OpenMP threads for each of our threads, beside the trainer's own. The
// number is a property of the calling thread; at::set_num_threads would change it for threads started later as well,
// the autograd engine's among them. The symbol is that of the OpenMP library that LibTorch loaded.
void use_one_torch_thread_here() {
  (void)at::get_num_threads();  // initialises this thread's number, which would undo ours later
  if (auto* set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) set(1);
}

}  // namespace

LoaderOptions training_loader_options(const DataConfig& config) {
  LoaderOptions options;
  options.seed = static_cast<std::uint64_t>(config.seed);
  if (config.source.train_epoch_len > 0) options.epoch_length = config.source.train_epoch_len;
  options.num_workers = config.loader.num_workers;
  options.depth = config.loader.depth;
  options.order = config.loader.order == "strict" ? Order::strict : Order::ready_first;
  options.max_drift = config.loader.max_drift;
  if (config.loader.nice != 0) options.nice = static_cast<int>(config.loader.nice);
  options.cpus = resolve_cpus(config.loader.cpus);
  return options;
}

LoaderOptions evaluation_loader_options(const DataConfig& config) {
  LoaderOptions options = training_loader_options(config);
  options.epoch_length.reset();
  options.shuffle = false;
  options.epochs = 1;
  options.order = Order::strict;
  return options;
}

namespace {

// Where chains are sampled an epoch has no natural length: OpenFold's train_epoch_len by default.
constexpr std::int64_t sampled_epoch_length = 10'000;
constexpr std::int64_t residues_a_class = 256;

SampleOrderOptions order_options(const ChainDataset& dataset, SampleOrderOptions options) {
  options.sets.clear();
  bool is_sampled = dataset.sets() > 1;
  for (std::size_t i = 0; i < dataset.sets(); ++i) {
    const ChainSet& set = dataset.set(i);
    SampleSet& chains = options.sets.emplace_back();
    chains.chains = static_cast<std::int64_t>(set.catalog.chains.size());
    chains.weight = set.weight;
    // Not shuffled is every chain once: nothing is sampled.
    if (!set.is_sampled || !options.shuffle) continue;
    is_sampled = true;
    for (const ChainSource& chain : set.catalog.chains)
      chains.probabilities.push_back(static_cast<float>(chain.probability));
  }
  if (is_sampled && !options.epoch_length) options.epoch_length = sampled_epoch_length;
  return options;
}

QueueOptions queue_options(const LoaderOptions& options, const std::shared_ptr<const SampleOrder>& order,
                           const std::shared_ptr<const ChainDataset>& dataset) {
  QueueOptions queue;
  queue.order = options.order;
  queue.capacity = options.depth;
  queue.max_drift = options.max_drift;
  queue.tickets = order->tickets();
  queue.done = options.done;
  const auto length = [order, dataset](std::int64_t ticket) {
    const SamplePlace place = order->at_ticket(ticket);
    return dataset->set(place.set).catalog.chains.at(place.chain).length;
  };
  queue.cost_class = [length](std::int64_t ticket) { return length(ticket) / residues_a_class; };
  // How deep its alignment is nobody knows before it is read.
  queue.expected_cost = [length](std::int64_t ticket) { return static_cast<double>(length(ticket)); };
  return queue;
}

}  // namespace

std::string residues_of_class(std::int64_t cost_class) {
  const std::int64_t first = cost_class * residues_a_class;
  return std::to_string(first) + " to " + std::to_string(first + residues_a_class - 1) + " residues";
}

BatchLoader::BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options) {
  keep_freed_memory();
  const auto order = std::make_shared<const SampleOrder>(order_options(*dataset, options));
  queue_ = std::make_shared<ReadyQueue<Batch>>(queue_options(options, order, dataset));
  // Owns what it uses: a worker that hangs in a file system may come back when the loader is gone.
  prepare_ = [dataset = std::move(dataset), order](std::int64_t ticket) {
    const SamplePlace place = order->at_ticket(ticket);
    Batch batch = dataset->load(place.set, place.chain, place.key);
    batch.position = place.position;
    return batch;
  };
  if (options.num_workers == 0) return;
  WorkerOptions workers;
  workers.number = options.num_workers;
  workers.name = "data";
  workers.nice = options.nice;
  workers.cpus = options.cpus;
  workers.at_thread_start = use_one_torch_thread_here;
  workers_.emplace(workers, queue_, prepare_);
}

std::optional<LoadedBatch> BatchLoader::next() {
  const auto start = std::chrono::steady_clock::now();
  if (!workers_) queue_->work(prepare_);
  auto sample = queue_->next();
  if (!sample) return std::nullopt;
  LoadedBatch batch{sample->take(), sample->drift(), sample->progress};
  const auto waited = std::chrono::steady_clock::now() - start;
  batch.fact.queue_wait_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(waited).count();
  return batch;
}

}  // namespace foldperf::trainer

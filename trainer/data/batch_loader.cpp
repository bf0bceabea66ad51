#include "trainer/data/batch_loader.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
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
  options.num_workers = config.loader.num_workers;
  options.prefetch_factor = config.loader.prefetch_factor;
  return options;
}

LoaderOptions evaluation_loader_options(const DataConfig& config) {
  LoaderOptions options = training_loader_options(config);
  options.shuffle = false;
  options.epochs = 1;
  return options;
}

namespace {

QueueOptions queue_options(const LoaderOptions& options, const SampleOrder& order) {
  QueueOptions queue;
  queue.order = Order::strict;
  queue.capacity = std::max<std::int64_t>(1, options.num_workers * options.prefetch_factor);
  queue.tickets = order.tickets();
  return queue;
}

}  // namespace

BatchLoader::BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options) {
  keep_freed_memory();
  SampleOrderOptions order_options = options;
  order_options.chains = static_cast<std::int64_t>(dataset->size());
  const auto order = std::make_shared<const SampleOrder>(order_options);
  // Owns what it uses: a worker that hangs in a file system may come back when the loader is gone.
  prepare_ = [dataset = std::move(dataset), order](std::int64_t ticket) {
    const SamplePlace place = order->at_ticket(ticket);
    Batch batch = dataset->load(place.chain, place.key);
    batch.position = place.position;
    return batch;
  };
  queue_ = std::make_shared<ReadyQueue<Batch>>(queue_options(options, *order));
  if (options.num_workers == 0) return;
  WorkerOptions workers;
  workers.number = options.num_workers;
  workers.name = "data";
  workers.at_thread_start = use_one_torch_thread_here;
  workers_.emplace(workers, queue_, prepare_);
}

std::optional<Batch> BatchLoader::next() {
  const auto start = std::chrono::steady_clock::now();
  if (!workers_) queue_->work(prepare_);
  auto sample = queue_->next();
  if (!sample) return std::nullopt;
  Batch batch = sample->take();
  const auto waited = std::chrono::steady_clock::now() - start;
  batch.fact.queue_wait_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(waited).count();
  return batch;
}

}  // namespace foldperf::trainer

#include "trainer/data/batch_loader.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <chrono>
#include <numeric>

#include "core/error.hpp"
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

BatchLoader::BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options)
    : dataset_(std::move(dataset)), options_(options) {
  keep_freed_memory();
  if (dataset_->size() == 0) throw Error("no chain to load");
  if (options_.ranks < 1 || options_.rank < 0 || options_.rank >= options_.ranks) {
    throw Error("rank " + std::to_string(options_.rank) + " of " + std::to_string(options_.ranks) + " does not exist");
  }
  for (std::int64_t i = 0; i < options_.num_workers; ++i) workers_.emplace_back([this] { work(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

std::int64_t BatchLoader::position_of(std::int64_t ticket) const {
  return options_.first_position + options_.rank + ticket * options_.ranks;
}

bool BatchLoader::is_past_end(std::int64_t ticket) const {
  return options_.epochs && position_of(ticket) >= *options_.epochs * static_cast<std::int64_t>(dataset_->size());
}

std::size_t BatchLoader::chain_at(std::int64_t epoch, std::int64_t index) {
  if (!options_.shuffle) return static_cast<std::size_t>(index);
  const std::lock_guard lock(order_mutex_);
  if (order_epoch_ != epoch) {
    RandomStream stream({options_.seed, static_cast<std::uint32_t>(epoch), 0}, Purpose::chain_order);
    order_ = stream.permutation(static_cast<std::int64_t>(dataset_->size()));
    order_epoch_ = epoch;
  }
  return static_cast<std::size_t>(order_[static_cast<std::size_t>(index)]);
}

Batch BatchLoader::prepare(std::int64_t ticket) {
  const std::int64_t position = position_of(ticket);
  const auto chains = static_cast<std::int64_t>(dataset_->size());
  const std::int64_t epoch = position / chains, index = position % chains;
  Batch batch = dataset_->load(chain_at(epoch, index),
                               {options_.seed, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(index)});
  batch.position = position;
  return batch;
}

void BatchLoader::work() {
  use_one_torch_thread_here();
  const std::int64_t capacity = options_.num_workers * options_.prefetch_factor;
  for (;;) {
    std::int64_t ticket = 0;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return stopping_ || next_ticket_ < next_out_ + capacity; });
      if (stopping_ || is_past_end(next_ticket_)) return;
      ticket = next_ticket_++;
    }
    Slot slot;
    try {
      slot.batch = prepare(ticket);
    } catch (...) {
      slot.error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      slots_.emplace(ticket, std::move(slot));
    }
    ready_.notify_one();
  }
}

std::optional<Batch> BatchLoader::next() {
  const auto start = std::chrono::steady_clock::now();
  if (is_past_end(next_out_)) return std::nullopt;
  Slot slot;
  if (workers_.empty()) {
    slot.batch = prepare(next_out_++);
  } else {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return slots_.count(next_out_) != 0; });
    slot = std::move(slots_.extract(next_out_).mapped());
    ++next_out_;
    lock.unlock();
    room_.notify_all();
  }
  if (slot.error) std::rethrow_exception(slot.error);
  const auto waited = std::chrono::steady_clock::now() - start;
  slot.batch.fact.queue_wait_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(waited).count();
  return std::move(slot.batch);
}

}  // namespace foldperf::trainer

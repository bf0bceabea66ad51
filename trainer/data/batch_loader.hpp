// Prepares batches ahead of the training thread, on threads of its own.
//
// Batches come in an order, and with contents, that depend only on the seed: not on the number of threads. One consumer
// thread calls next(); construction, next() and destruction must not overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "trainer/data/chain_dataset.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/sample_order.hpp"
#include "trainer/feed/worker_pool.hpp"

namespace foldperf::trainer {

// `chains` is set by the loader.
struct LoaderOptions : SampleOrderOptions {
  std::int64_t num_workers = 1;      // 0: batches are prepared in next()
  std::int64_t prefetch_factor = 2;  // batches ready per worker, at most
};

// Options of a training run, and of one pass over the evaluation chains in their order.
LoaderOptions training_loader_options(const DataConfig& config);
LoaderOptions evaluation_loader_options(const DataConfig& config);

class BatchLoader {
 public:
  // Throws UsageError for a rank that does not exist, and where there is no chain.
  BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options);
  // The destructor ends the threads after the batch each of them is at, and lets go of those that hang for more than a
  // second (worker_pool.hpp); batches that were ready are dropped.

  // The next batch; empty after the last epoch. What its preparation threw is thrown here, and the loader goes on
  // behind that batch when it is called again.
  std::optional<Batch> next();

 private:
  std::function<Batch(std::int64_t ticket)> prepare_;
  std::shared_ptr<ReadyQueue<Batch>> queue_;
  std::optional<WorkerPool> workers_;  // none: batches are prepared in next()
};

}  // namespace foldperf::trainer

// Prepares samples ahead of the training thread, on threads of its own.
//
// Which samples come, and their contents, depend only on the seed: not on the number of threads. Their order does too
// with Order::strict; with Order::ready_first a sample may come max_drift places before or after its turn. One consumer
// thread calls next(); construction, next() and destruction must not overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "trainer/data/chain_dataset.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/sample_order.hpp"
#include "trainer/feed/worker_pool.hpp"

namespace foldperf::trainer {

// The sets are set by the loader.
struct LoaderOptions : SampleOrderOptions {
  std::int64_t num_workers = 1;  // 0: samples are prepared in next()
  std::int64_t depth = 64;       // samples prepared ahead, at most
  Order order = Order::ready_first;
  std::int64_t max_drift = 32;
  QueueProgress done;  // of an earlier run: samples not to be prepared again
  std::optional<int> nice;
  std::optional<CpuList> cpus;
};

// Options of a training run, and of one pass over the chains in their order. Throws UsageError for CPUs that this
// process may not use.
LoaderOptions training_loader_options(const DataConfig& config);
LoaderOptions evaluation_loader_options(const DataConfig& config);

// A sample, and where the run stands when it was handed out.
struct LoadedBatch : Batch {
  std::int64_t drift = 0;  // places it came late; negative: early
  QueueProgress progress;  // LoaderOptions::done of a run that goes on after this sample
};

// Samples are counted by length of their chain, to show whether long ones come late: what a class of QueueStatistics is.
std::string residues_of_class(std::int64_t cost_class);

class BatchLoader {
 public:
  // Throws UsageError for a rank that does not exist, and where there is no chain.
  BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options);
  // The destructor ends the threads after the sample each of them is at, and lets go of those that hang for more than a
  // second (worker_pool.hpp); samples that were ready are dropped.

  // The next sample; empty after the last epoch and after stop(). What its preparation threw is thrown here, and the
  // loader goes on behind that sample when it is called again.
  std::optional<LoadedBatch> next();

  // Ends waiting in next(), now and later. May be called from any thread.
  void stop() { queue_->stop(); }

  [[nodiscard]] QueueStatistics statistics() const { return queue_->statistics(); }

 private:
  std::function<Batch(std::int64_t ticket)> prepare_;
  std::shared_ptr<ReadyQueue<Batch>> queue_;
  std::optional<WorkerPool> workers_;  // none: samples are prepared in next()
};

}  // namespace foldperf::trainer

// Prepares batches ahead of the training thread, on threads of its own.
//
// Batches come in an order, and with contents, that depend only on the seed: not on the number of threads. One consumer
// thread calls next(); construction, next() and destruction must not overlap.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "trainer/data/chain_dataset.hpp"

namespace foldperf::trainer {

struct LoaderOptions {
  std::uint64_t seed = 42;
  bool shuffle = true;                 // a new order of the chains in every epoch
  std::optional<std::int64_t> epochs;  // empty: without end
  std::int64_t first_position = 0;     // samples already trained on, to go on after a stop
  std::int64_t rank = 0;               // this process takes positions rank, rank + ranks, ...
  std::int64_t ranks = 1;
  std::int64_t num_workers = 1;      // 0: batches are prepared in next()
  std::int64_t prefetch_factor = 2;  // batches ready per worker, at most
};

// Options of a training run, and of one pass over the evaluation chains in their order.
LoaderOptions training_loader_options(const DataConfig& config);
LoaderOptions evaluation_loader_options(const DataConfig& config);

class BatchLoader {
 public:
  BatchLoader(std::shared_ptr<const ChainDataset> dataset, const LoaderOptions& options);
  // Ends the threads after the batch each of them is at; batches that were ready are dropped.
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // The next batch; empty after the last epoch. What its preparation threw is thrown here, and the loader goes on
  // behind that batch when it is called again.
  std::optional<Batch> next();

 private:
  struct Slot {
    Batch batch;
    std::exception_ptr error;
  };

  [[nodiscard]] std::int64_t position_of(std::int64_t ticket) const;
  [[nodiscard]] bool is_past_end(std::int64_t ticket) const;
  [[nodiscard]] Batch prepare(std::int64_t ticket);
  [[nodiscard]] std::size_t chain_at(std::int64_t epoch, std::int64_t index);
  void work();

  std::shared_ptr<const ChainDataset> dataset_;
  LoaderOptions options_;

  std::mutex order_mutex_;
  std::int64_t order_epoch_ = -1;
  std::vector<std::int64_t> order_;  // of order_epoch_

  std::mutex mutex_;
  std::condition_variable ready_;  // a batch is there
  std::condition_variable room_;   // a batch was taken
  std::map<std::int64_t, Slot> slots_;
  std::int64_t next_ticket_ = 0;  // to be prepared
  std::int64_t next_out_ = 0;     // to be handed out
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace foldperf::trainer

// Values parsed from files and used again soon (chains, templates, alignments), up to a limit of memory.
//
// A chain that several workers want at once is loaded by one of them, and the others wait for it. A value in use lives
// as long as its user holds it, even when the cache has let go of it: the limit is on what the cache holds.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "trainer/feed/cache_statistics.hpp"

namespace foldperf::trainer {

// Thread safety: all functions may be called from any thread.
template <class T, class Key = std::string, class Hash = std::hash<Key>>
class ChainCache {
 public:
  using Value = std::shared_ptr<const T>;

  struct Loaded {
    Value value;
    std::size_t bytes = 0;  // what the value takes in memory, as the caller counts it
  };

  // 0 keeps nothing, and still lets those who want the same key at once wait for one another.
  explicit ChainCache(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  ChainCache(const ChainCache&) = delete;
  ChainCache& operator=(const ChainCache&) = delete;

  // The value of `key`; where it is not held, what `load()`, returning Loaded, gives. What load throws is thrown to
  // its caller only: those who waited try for themselves, one at a time.
  template <class Load>
  Value get(const Key& key, Load&& load) {
    {
      std::unique_lock lock(mutex_);
      for (;;) {
        if (const auto found = index_.find(key); found != index_.end()) {
          ++statistics_.hits;
          entries_.splice(entries_.begin(), entries_, found->second);  // most recently used
          return found->second->loaded.value;
        }
        if (loading_.insert(key).second) break;
        load_ended_.wait(lock);
      }
      ++statistics_.misses;
    }
    LoadInProgress in_progress(*this, key);  // ends also where load throws
    Loaded loaded = load();
    in_progress.succeed();
    Value value = loaded.value;
    keep(key, std::move(loaded));
    return value;
  }

  [[nodiscard]] CacheStatistics statistics() const {
    const std::lock_guard lock(mutex_);
    CacheStatistics statistics = statistics_;
    statistics.entries = entries_.size();
    statistics.limit_bytes = limit_bytes_;
    return statistics;
  }

 private:
  struct Entry {
    Key key;
    Loaded loaded;
  };

  class LoadInProgress {
   public:
    LoadInProgress(ChainCache& cache, const Key& key) : cache_(cache), key_(key) {}
    ~LoadInProgress() {
      {
        const std::lock_guard lock(cache_.mutex_);
        cache_.loading_.erase(key_);
        if (failed_) ++cache_.statistics_.failures;
      }
      cache_.load_ended_.notify_all();
    }
    LoadInProgress(const LoadInProgress&) = delete;
    LoadInProgress& operator=(const LoadInProgress&) = delete;
    void succeed() { failed_ = false; }

   private:
    ChainCache& cache_;
    const Key& key_;
    bool failed_ = true;
  };

  void keep(const Key& key, Loaded loaded) {
    std::list<Entry> evicted;  // freed without the lock: values are large
    std::list<Entry> kept;
    const std::size_t bytes = loaded.bytes;
    kept.push_front({key, std::move(loaded)});
    const std::lock_guard lock(mutex_);
    if (bytes > limit_bytes_) {
      ++statistics_.too_large;
      return;
    }
    while (statistics_.bytes > limit_bytes_ - bytes) {
      const auto last = std::prev(entries_.end());
      statistics_.bytes -= last->loaded.bytes;
      ++statistics_.evictions;
      index_.erase(last->key);
      evicted.splice(evicted.end(), entries_, last);
    }
    index_.emplace(key, kept.begin());  // may find no memory; nothing after it can fail
    entries_.splice(entries_.begin(), kept);
    statistics_.bytes += bytes;
    statistics_.largest_bytes = std::max(statistics_.largest_bytes, statistics_.bytes);
  }

  const std::size_t limit_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable load_ended_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> index_;
  std::unordered_set<Key, Hash> loading_;
  CacheStatistics statistics_;
};

}  // namespace foldperf::trainer

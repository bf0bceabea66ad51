#include "trainer/graph/graph_cache.hpp"

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>

#include "core/error.hpp"
#include "trainer/graph/breakable_graph.hpp"
#include "trainer/memory/memory_errors.hpp"

namespace foldperf::trainer {

namespace {

// Where every sample has its own shape, graphs would pile up that are never replayed.
constexpr std::int64_t most_graphs = 32;

}  // namespace

struct GraphCache::Pool {
  at::cuda::MempoolId_t id = at::cuda::graph_pool_handle();
};

struct GraphCache::Entry {
  bool ran = false;  // as it is
  bool refused = false;
  std::vector<at::Tensor> results;
  std::unique_ptr<BreakableGraph> graph;
};

GraphCache::GraphCache(std::function<void(const std::string&)> note) : note_(std::move(note)) {}

GraphCache::~GraphCache() = default;

std::vector<at::Tensor> GraphCache::run(const std::string& kind, const std::string& key, const Work& work) {
  const bool use_graph = will_use_graph(kind, key);
  std::unique_ptr<Entry>& place = entries_[key];
  if (!place) place = std::make_unique<Entry>();
  Entry& entry = *place;
  if (use_graph && !entry.graph) capture(key, entry, work);
  if (!entry.graph) {
    tell_limit();
    ++counts_.eager;
    std::vector<at::Tensor> results = work();
    entry.ran = true;
    warm_kinds_.insert(kind);
    return results;
  }
  entry.graph->replay();
  ++counts_.replayed;
  return entry.results;
}

bool GraphCache::will_use_graph(const std::string& kind, const std::string& key) const {
  const auto found = entries_.find(key);
  const bool has_graph = found != entries_.end() && found->second->graph;
  const bool is_refused = found != entries_.end() && found->second->refused;
  return has_graph || (warm_kinds_.contains(kind) && !is_refused && counts_.captured < most_graphs);
}

void GraphCache::capture(const std::string& key, Entry& entry, const Work& work) {
  if (c10::cuda::getCurrentCUDAStream() == c10::cuda::getDefaultCUDAStream()) {
    throw Error("work on the default stream cannot be captured in a graph");
  }
  // The graphs' pool is apart from what runs without graphs left cached.
  c10::cuda::CUDACachingAllocator::emptyCache();
  if (!pool_) pool_ = std::make_unique<Pool>();
  auto graph = std::make_unique<BreakableGraph>();
  std::string reason;
  std::exception_ptr out_of_memory;
  // Thread-local: other threads (data) go on allocating and asking for events meanwhile.
  graph->capture_begin(pool_->id, cudaStreamCaptureModeThreadLocal);
  try {
    entry.results = work();
  } catch (const c10::Error& error) {
    reason = error.what_without_backtrace();
    // Memory that is out ends the run, which says what settings fit (no graphs may be among them). Without a graph the
    // work would have less memory than it had here: the pool keeps what this capture took from the device for as long
    // as any graph lives, and lends it to nobody else. What fitted beside that in one step would not do so in a later
    // one, after the next shape or an evaluation: better to stop at once than hours later.
    if (is_out_of_device_memory(error)) out_of_memory = std::current_exception();
  } catch (const std::exception& error) {
    reason = error.what();
  }
  try {
    graph->capture_end();
  } catch (const std::exception& error) {
    if (reason.empty()) reason = error.what();
    graph->abandon();
  }
  (void)cudaGetLastError();  // what broke the capture is known; later calls must not be blamed for it
  // A pool that no graph holds any more may not be captured into again.
  if (!reason.empty() && counts_.captured == 0) pool_.reset();
  if (out_of_memory) std::rethrow_exception(out_of_memory);
  if (reason.empty()) {
    entry.graph = std::move(graph);
    ++counts_.captured;
    return;
  }
  entry.results.clear();
  // What was never run as it is may only have needed that: it gets another chance.
  if (entry.ran) refuse(key, entry, reason.substr(0, reason.find('\n')));
}

void GraphCache::tell_limit() {
  if (counts_.captured < most_graphs || is_limit_told_) return;
  is_limit_told_ = true;
  const std::string limit = std::to_string(most_graphs);
  counts_.refused["shapes beyond the first " + limit] = "there are " + limit + " graphs already";
  if (note_) note_("there are " + limit + " CUDA graphs: steps of further shapes run without one");
}

void GraphCache::refuse(const std::string& key, Entry& entry, const std::string& reason) {
  entry.refused = true;
  counts_.refused[key] = reason;
  if (note_) note_(key + " cannot be captured in a CUDA graph and runs without one: " + reason);
}

}  // namespace foldperf::trainer

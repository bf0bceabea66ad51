// Work on a CUDA device, captured in graphs: thousands of launches become one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace foldperf::trainer {

// What happened so far.
struct GraphCounts {
  // Runs outside of a graph: the first of each kind, and those that cannot be captured.
  std::int64_t eager = 0;
  std::int64_t captured = 0;  // graphs
  std::int64_t replayed = 0;
  std::map<std::string, std::string> refused;  // key: why it could not be captured
};

// Runs pieces of work by key: captured, then replayed from then on. The first of a kind runs as it is, which lets
// libraries and tables initialise themselves; work of the same kind under another key (other shapes) needs no such run,
// and so no memory beside that of the graphs. All graphs share one pool of memory, so they must be run one after
// the other on one stream, and what a piece leaves for another must lie in memory from before. Work reads what changes
// from call to call (batch, learning rate) from tensors that stay where they are; random numbers come from the
// default generator of the device, whose seed and offset every replay reads anew: torch::manual_seed before a run
// gives the same numbers with a graph as without.
//
// What cannot be captured (a wait for the device, a copy from pageable memory) runs as it is every time; `refused` says
// why. Not thread-safe. The current stream must not be the default one (work_stream.hpp).
class GraphCache {
 public:
  // `note` is told, once a key, what could not be captured and why.
  explicit GraphCache(std::function<void(const std::string&)> note = {});
  // Before process groups whose collectives were captured: a group hangs at its end while such graphs live.
  ~GraphCache();
  GraphCache(const GraphCache&) = delete;
  GraphCache& operator=(const GraphCache&) = delete;

  using Work = std::function<std::vector<at::Tensor>()>;
  // What `work` returns; after a replay the same tensors with new contents, until another piece is run. Work may begin
  // anew after having been broken off anywhere. Throws what `work` throws where it is not captured, and
  // from a capture what says that memory is out (memory_errors.hpp).
  std::vector<at::Tensor> run(const std::string& kind, const std::string& key, const Work& work);
  // Whether the next run under that key is a capture or a replay: work then has to read its input from memory that
  // stays.
  [[nodiscard]] bool will_use_graph(const std::string& kind, const std::string& key) const;

  [[nodiscard]] const GraphCounts& counts() const noexcept { return counts_; }

 private:
  struct Entry;
  void capture(const std::string& key, Entry& entry, const Work& work);
  void tell_limit();
  void refuse(const std::string& key, Entry& entry, const std::string& reason);

  std::function<void(const std::string&)> note_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::set<std::string> warm_kinds_;  // that ran as they are
  GraphCounts counts_;
  bool is_limit_told_ = false;
  struct Pool;
  std::unique_ptr<Pool> pool_;  // of memory; made with the first graph
};

}  // namespace foldperf::trainer

// What CUPTI tells while a thread captures or instantiates a graph goes into that thread's ring, beside its ranges.
#include "collectors/clock.hpp"
#include "collectors/cupti/tracer.hpp"

namespace foldperf::collectors {
namespace {

void add_event(EventKind kind, const GraphEvent& event) noexcept {
  ThreadBuffer* buffer = thread_buffer();
  if (buffer == nullptr) return;
  buffer->bare_event(event.header(kind, monotonic_ns()));
  if (buffer->wants_draining()) Session::instance().wake();
}

}  // namespace

void Tracer::resource_event(CUpti_CallbackId id, const CUpti_ResourceData& data) noexcept {
  if (id == CUPTI_CBID_RESOURCE_CONTEXT_CREATED) {
    // The process uses a GPU: from here on it has a file.
    Session::instance().ensure_running();
    return;
  }
  const auto* graph = static_cast<const CUpti_GraphData*>(data.resourceDescriptor);
  if (graph == nullptr || api_.GetGraphId == nullptr || api_.GetGraphNodeId == nullptr) return;
  GraphEvent event;
  if (graph->graph != nullptr) api_.GetGraphId(graph->graph, &event.graph);
  switch (id) {
    case CUPTI_CBID_RESOURCE_GRAPH_CREATED:
      return add_event(EventKind::graph, event);
    case CUPTI_CBID_RESOURCE_GRAPH_CLONED:
      api_.GetGraphId(graph->originalGraph, &event.original_graph);
      return add_event(EventKind::graph, event);
    case CUPTI_CBID_RESOURCE_GRAPHEXEC_CREATED:
      if (api_.GetGraphExecId != nullptr) api_.GetGraphExecId(graph->graphExec, &event.exec);
      return add_event(EventKind::graph_exec, event);
    case CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED:
      Session::instance().windows().node_made(monotonic_ns());
      api_.GetGraphNodeId(graph->node, &event.node);
      return add_event(EventKind::graph_node, event);
    case CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED:
      api_.GetGraphNodeId(graph->node, &event.node);
      api_.GetGraphNodeId(graph->originalNode, &event.original_node);
      if (graph->originalGraph != nullptr) api_.GetGraphId(graph->originalGraph, &event.original_graph);
      return add_event(EventKind::graph_node_cloned, event);
    default:
      return;
  }
}

}  // namespace foldperf::collectors

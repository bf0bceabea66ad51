// The texts of each record, in the order in which they travel through a byte queue.
#pragma once

#include "core/records/records.hpp"

namespace foldperf::records {

// Calls visit(text) for every text of the record; `visit` may change the view.
template <class V>
void for_each_text(NvtxRecord& r, V&& visit) {
  visit(r.text);
  visit(r.json);
  visit(r.binary);
}
template <class V>
void for_each_text(NvtxDomainRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(NvtxCategoryRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(NvtxResourceRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(ThreadNameRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(KernelRecord&, V&&) {}
template <class V>
void for_each_text(MemcpyRecord&, V&&) {}
template <class V>
void for_each_text(MemsetRecord&, V&&) {}
template <class V>
void for_each_text(RuntimeRecord&, V&&) {}
template <class V>
void for_each_text(SynchronizationRecord&, V&&) {}
template <class V>
void for_each_text(GraphTraceRecord&, V&&) {}
template <class V>
void for_each_text(GpuRecord& r, V&& visit) {
  visit(r.name);
  visit(r.bus_location);
  visit(r.uuid);
}
template <class V>
void for_each_text(CudaDeviceRecord& r, V&& visit) {
  visit(r.uuid);
}
template <class V>
void for_each_text(CommunicatorRecord& r, V&& visit) {
  visit(r.global_id);
  visit(r.name);
}
template <class V>
void for_each_text(CollectiveRecord& r, V&& visit) {
  visit(r.operation);
  visit(r.dtype);
  visit(r.algorithm);
  visit(r.protocol);
}
template <class V>
void for_each_text(CollectorRecord& r, V&& visit) {
  visit(r.name);
  visit(r.state);
  visit(r.detail);
}
template <class V>
void for_each_text(KernelNameRecord& r, V&& visit) {
  visit(r.mangled);
}
template <class V>
void for_each_text(ApiNameRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(RangeStackRecord& r, V&& visit) {
  visit(r.text);
}
template <class V>
void for_each_text(GraphNodeRecord&, V&&) {}
template <class V>
void for_each_text(GraphRecord&, V&&) {}
template <class V>
void for_each_text(CudaEventRecord&, V&&) {}
template <class V>
void for_each_text(OverheadRecord& r, V&& visit) {
  visit(r.name);
}
template <class V>
void for_each_text(MemoryRecord& r, V&& visit) {
  visit(r.operation);
  visit(r.name);
}
template <class V>
void for_each_text(EnvironmentRecord&, V&&) {}
template <class V>
void for_each_text(CollectiveChannelRecord&, V&&) {}
template <class V>
void for_each_text(ProxyWaitRecord& r, V&& visit) {
  visit(r.state);
}
template <class V>
void for_each_text(HostSampleRecord&, V&&) {}
template <class V>
void for_each_text(HostCoreRecord&, V&&) {}
template <class V>
void for_each_text(CounterSampleRecord& r, V&& visit) {
  visit(r.metric);
}
template <class V>
void for_each_text(CounterWindowRecord& r, V&& visit) {
  visit(r.state);
}
template <class V>
void for_each_text(WindowRecord& r, V&& visit) {
  visit(r.reason);
}

// Calls visit(Tag<R>) with the record type of `kind`.
template <class R>
struct Tag {
  using type = R;
};
template <class V>
void with_type_of(Kind kind, V&& visit) {
  switch (kind) {
    case Kind::nvtx_event:
      return visit(Tag<NvtxRecord>{});
    case Kind::nvtx_domain:
      return visit(Tag<NvtxDomainRecord>{});
    case Kind::nvtx_category:
      return visit(Tag<NvtxCategoryRecord>{});
    case Kind::nvtx_resource:
      return visit(Tag<NvtxResourceRecord>{});
    case Kind::thread_name:
      return visit(Tag<ThreadNameRecord>{});
    case Kind::kernel:
      return visit(Tag<KernelRecord>{});
    case Kind::memcpy:
      return visit(Tag<MemcpyRecord>{});
    case Kind::memset:
      return visit(Tag<MemsetRecord>{});
    case Kind::runtime:
      return visit(Tag<RuntimeRecord>{});
    case Kind::synchronization:
      return visit(Tag<SynchronizationRecord>{});
    case Kind::graph_trace:
      return visit(Tag<GraphTraceRecord>{});
    case Kind::gpu:
      return visit(Tag<GpuRecord>{});
    case Kind::cuda_device:
      return visit(Tag<CudaDeviceRecord>{});
    case Kind::communicator:
      return visit(Tag<CommunicatorRecord>{});
    case Kind::collective:
      return visit(Tag<CollectiveRecord>{});
    case Kind::collector:
      return visit(Tag<CollectorRecord>{});
    case Kind::kernel_name:
      return visit(Tag<KernelNameRecord>{});
    case Kind::api_name:
      return visit(Tag<ApiNameRecord>{});
    case Kind::range_stack:
      return visit(Tag<RangeStackRecord>{});
    case Kind::graph_node:
      return visit(Tag<GraphNodeRecord>{});
    case Kind::graph:
      return visit(Tag<GraphRecord>{});
    case Kind::cuda_event:
      return visit(Tag<CudaEventRecord>{});
    case Kind::overhead:
      return visit(Tag<OverheadRecord>{});
    case Kind::memory:
      return visit(Tag<MemoryRecord>{});
    case Kind::environment:
      return visit(Tag<EnvironmentRecord>{});
    case Kind::collective_channel:
      return visit(Tag<CollectiveChannelRecord>{});
    case Kind::proxy_wait:
      return visit(Tag<ProxyWaitRecord>{});
    case Kind::host_sample:
      return visit(Tag<HostSampleRecord>{});
    case Kind::host_core:
      return visit(Tag<HostCoreRecord>{});
    case Kind::counter_sample:
      return visit(Tag<CounterSampleRecord>{});
    case Kind::counter_window:
      return visit(Tag<CounterWindowRecord>{});
    case Kind::window:
      return visit(Tag<WindowRecord>{});
    case Kind::clock:
      return;
  }
}

}  // namespace foldperf::records

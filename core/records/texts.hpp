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
void for_each_text(KernelRecord& r, V&& visit) {
  visit(r.demangled_name);
  visit(r.short_name);
  visit(r.mangled_name);
}
template <class V>
void for_each_text(MemcpyRecord&, V&&) {}
template <class V>
void for_each_text(MemsetRecord&, V&&) {}
template <class V>
void for_each_text(RuntimeRecord& r, V&& visit) {
  visit(r.name);
}
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
  }
}

}  // namespace foldperf::records

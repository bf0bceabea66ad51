// In the place of libcupti.so: the functions that the door calls, with no GPU behind them. The watched program makes
// the records; here they go into the door's buffers, one for each thread, and a flush hands all of them over.
//
// It is as unkind as CUPTI may be: its lock is held while it calls back, it insists on zeroed buffers, and it drops
// what finds no buffer. FAKE_CUPTI_SUBSCRIBE: what cuptiSubscribe returns.
#include "tests/collectors/cupti/end_to_end/fake_cupti.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t slot_bytes = 512;

struct Buffer {
  std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  std::size_t used = 0;
};

struct State {
  std::recursive_mutex mutex;
  CUpti_CallbackFunc callback = nullptr;
  void* user = nullptr;
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  std::set<CUpti_ActivityKind> kinds;
  std::set<std::pair<CUpti_ActivityKind, CUpti_CallbackId>> left_out;  // of the calls of a kind
  std::set<CUpti_CallbackId> resources;
  std::deque<Buffer> open;  // one for each thread; where a thread has ended, the next one goes on with it
  std::vector<Buffer*> without_thread;
  std::size_t dropped = 0;  // not told yet
  std::size_t dropped_ever = 0;
};

// Never destroyed: the door flushes while the process ends.
State& state() {
  static State* const made = new State;
  return *made;
}

class ThreadsBuffer {
 public:
  ThreadsBuffer() {
    State& fake = state();
    const std::lock_guard lock(fake.mutex);
    if (fake.without_thread.empty()) {
      buffer_ = &fake.open.emplace_back();
    } else {
      buffer_ = fake.without_thread.back();
      fake.without_thread.pop_back();
    }
  }
  ~ThreadsBuffer() {
    if (getpid() != process_) return;  // a forked child: another thread may have held the lock
    const std::lock_guard lock(state().mutex);
    state().without_thread.push_back(buffer_);
  }
  ThreadsBuffer(const ThreadsBuffer&) = delete;
  ThreadsBuffer& operator=(const ThreadsBuffer&) = delete;
  Buffer& operator*() { return *buffer_; }

 private:
  Buffer* buffer_;
  pid_t process_ = getpid();
};
thread_local ThreadsBuffer threads_buffer;

void hand_over(Buffer& buffer) {
  if (buffer.data != nullptr) state().complete(nullptr, 0, buffer.data, buffer.bytes, buffer.used);
  buffer = {};
}

bool wanted(const CUpti_Activity& record) {
  const State& fake = state();
  if (record.kind > CUPTI_ACTIVITY_KIND_COUNT) return true;  // what a newer CUPTI might tell
  if (!fake.kinds.contains(record.kind)) return false;
  if (record.kind != CUPTI_ACTIVITY_KIND_RUNTIME && record.kind != CUPTI_ACTIVITY_KIND_DRIVER) return true;
  return !fake.left_out.contains({record.kind, reinterpret_cast<const CUpti_ActivityAPI&>(record).cbid});
}

void enable_call(const std::pair<CUpti_ActivityKind, CUpti_CallbackId>& call, bool enable) {
  const std::lock_guard lock(state().mutex);
  if (enable) {
    state().left_out.erase(call);  // CUPTI 13.0: without its kind, a call alone gives nothing
  } else {
    state().left_out.insert(call);
  }
}

}  // namespace

extern "C" {

void fake_record(const void* record, std::size_t bytes) {
  State& fake = state();
  const std::lock_guard lock(fake.mutex);
  if (fake.request == nullptr || bytes > slot_bytes || !wanted(*static_cast<const CUpti_Activity*>(record))) return;
  Buffer& buffer = *threads_buffer;
  if (buffer.data != nullptr && buffer.used + slot_bytes > buffer.bytes) hand_over(buffer);
  if (buffer.data == nullptr) {
    std::size_t most = 0;
    fake.request(&buffer.data, &buffer.bytes, &most);
    if (buffer.data == nullptr) {
      ++fake.dropped;
      ++fake.dropped_ever;
      return;
    }
    if (std::any_of(buffer.data, buffer.data + buffer.bytes, [](std::uint8_t byte) { return byte != 0; })) {
      std::fputs("fake CUPTI: a buffer is not zeroed\n", stderr);
    }
  }
  std::memcpy(buffer.data + buffer.used, record, bytes);
  buffer.used += slot_bytes;
}

void fake_resource(CUpti_CallbackId id, void* descriptor) {
  State& fake = state();
  const std::lock_guard lock(fake.mutex);
  if (fake.callback == nullptr || !fake.resources.contains(id)) return;
  if (id == CUPTI_CBID_RESOURCE_CONTEXT_CREATED) usleep(1000);  // a context takes its time
  CUpti_ResourceData data{};
  data.resourceDescriptor = descriptor;
  fake.callback(fake.user, CUPTI_CB_DOMAIN_RESOURCE, id, reinterpret_cast<const CUpti_CallbackData*>(&data));
}

std::size_t fake_dropped() {
  const std::lock_guard lock(state().mutex);
  return state().dropped_ever;
}

CUptiResult cuptiGetVersion(std::uint32_t* version) {
  *version = 130000;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetResultString(CUptiResult result, const char** text) {
  *text = result == CUPTI_ERROR_UNKNOWN ? "CUPTI_ERROR_UNKNOWN" : "CUPTI_ERROR_OTHER";
  return CUPTI_SUCCESS;
}

CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc callback, void* user) {
  if (const char* result = std::getenv("FAKE_CUPTI_SUBSCRIBE")) return static_cast<CUptiResult>(std::atoi(result));
  state().callback = callback;
  state().user = user;
  *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&state());
  return CUPTI_SUCCESS;
}

CUptiResult cuptiEnableCallback(std::uint32_t enable, CUpti_SubscriberHandle, CUpti_CallbackDomain domain,
                                CUpti_CallbackId id) {
  const std::lock_guard lock(state().mutex);
  if (enable != 0 && domain == CUPTI_CB_DOMAIN_RESOURCE) state().resources.insert(id);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetCallbackName(CUpti_CallbackDomain domain, std::uint32_t id, const char** name) {
  const std::lock_guard lock(state().mutex);
  if (domain == CUPTI_CB_DOMAIN_RUNTIME_API && id == 211) {
    *name = "cudaLaunchKernel_v7000";
  } else if (domain == CUPTI_CB_DOMAIN_RUNTIME_API && id == 311) {
    *name = "cudaGraphLaunch_v10000";
  } else if (domain == CUPTI_CB_DOMAIN_RUNTIME_API && id == 16) {
    *name = "cudaGetDevice_v3020";
  } else if (domain == CUPTI_CB_DOMAIN_DRIVER_API && id == 652) {
    *name = "cuLaunchKernelEx";
  } else {
    return CUPTI_ERROR_INVALID_PARAMETER;
  }
  return CUPTI_SUCCESS;
}

CUptiResult cuptiSetThreadIdType(CUpti_ActivityThreadIdType) { return CUPTI_SUCCESS; }
CUptiResult cuptiActivitySetAttribute(CUpti_ActivityAttribute, std::size_t*, void*) { return CUPTI_SUCCESS; }

CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc request,
                                           CUpti_BuffersCallbackCompleteFunc complete) {
  const std::lock_guard lock(state().mutex);
  state().request = request;
  state().complete = complete;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind) {
  const std::lock_guard lock(state().mutex);
  state().kinds.insert(kind);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind) {
  const std::lock_guard lock(state().mutex);
  state().kinds.erase(kind);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnableRuntimeApi(CUpti_CallbackId id, std::uint8_t enable) {
  enable_call({CUPTI_ACTIVITY_KIND_RUNTIME, id}, enable != 0);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnableDriverApi(CUpti_CallbackId id, std::uint8_t enable) {
  enable_call({CUPTI_ACTIVITY_KIND_DRIVER, id}, enable != 0);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityFlushAll(std::uint32_t) {
  const std::lock_guard lock(state().mutex);
  for (Buffer& buffer : state().open) hand_over(buffer);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNextRecord(std::uint8_t* data, std::size_t bytes, CUpti_Activity** record) {
  std::uint8_t* next = *record == nullptr ? data : reinterpret_cast<std::uint8_t*>(*record) + slot_bytes;
  if (next >= data + bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, std::uint32_t, std::size_t* dropped) {
  const std::lock_guard lock(state().mutex);
  *dropped = std::exchange(state().dropped, 0);
  return CUPTI_SUCCESS;
}

// Handles are the ids themselves.
CUptiResult cuptiGetGraphId(CUgraph graph, std::uint32_t* id) {
  *id = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(graph));
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetGraphExecId(CUgraphExec exec, std::uint32_t* id) {
  *id = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(exec));
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetGraphNodeId(CUgraphNode node, std::uint64_t* id) {
  *id = reinterpret_cast<std::uintptr_t>(node);
  return CUPTI_SUCCESS;
}
}

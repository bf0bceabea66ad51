// A program that uses a GPU as far as the profiler can tell: its cuInit loads the library that CUDA_INJECTION64_PATH
// names, and its launches are records of the fake CUPTI that FOLDPERF_CUPTI_PATH names. Its first argument says what it
// does; it prints how many kernels it launched, which must not depend on whether it is watched, nor may its exit
// code, 7.
#include <dlfcn.h>
#include <fcntl.h>
#include <nvtx3/nvToolsExt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/collectors/cupti/end_to_end/fake_cupti.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int own_exit_code = 7;

struct {
  decltype(&fake_record) record;
  decltype(&fake_resource) resource;
  decltype(&fake_dropped) dropped;
} fake;

std::atomic<std::uint32_t> launches{0};

// As the driver does it, once a process.
void cu_init() {
  void* cupti = dlopen(std::getenv("FOLDPERF_CUPTI_PATH"), RTLD_NOW);
  if (cupti == nullptr) std::abort();
  fake.record = reinterpret_cast<decltype(&fake_record)>(dlsym(cupti, "fake_record"));
  fake.resource = reinterpret_cast<decltype(&fake_resource)>(dlsym(cupti, "fake_resource"));
  fake.dropped = reinterpret_cast<decltype(&fake_dropped)>(dlsym(cupti, "fake_dropped"));
  if (const char* path = std::getenv("CUDA_INJECTION64_PATH")) {
    void* door = dlopen(path, RTLD_NOW);
    auto* open = door == nullptr ? nullptr : reinterpret_cast<int (*)()>(dlsym(door, "InitializeInjection"));
    if (open == nullptr || open() != 1) std::fputs("cuInit: the injection failed\n", stderr);
  }
}

void make_context() {
  cu_init();
  fake.resource(CUPTI_CBID_RESOURCE_CONTEXT_CREATED, nullptr);
}

std::uint64_t utc_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

template <class Record>
void tell(const Record& record) {
  fake.record(&record, sizeof(record));
}

CUpti_ActivityKernel10 kernel(const char* name, std::uint64_t start, std::uint64_t end, std::uint32_t correlation) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = name;
  record.start = start;
  record.end = end;
  record.correlationId = correlation;
  record.streamId = 7;
  record.gridX = record.gridY = record.gridZ = record.blockX = record.blockY = record.blockZ = 1;
  return record;
}

void tell_call(CUpti_CallbackId id, std::uint64_t start, std::uint32_t correlation) {
  CUpti_ActivityAPI record{};
  record.kind = CUPTI_ACTIVITY_KIND_RUNTIME;
  record.cbid = id;
  record.start = start;
  record.end = start + 1000;
  record.correlationId = correlation;
  record.processId = static_cast<std::uint32_t>(getpid());
  record.threadId = static_cast<std::uint32_t>(syscall(SYS_gettid));
  tell(record);
}

constexpr CUpti_CallbackId launch_kernel = 211;
constexpr CUpti_CallbackId launch_graph = 311;
constexpr CUpti_CallbackId get_device = 16;

// The kernel's record before that of its call; a call that is worth nothing beside it. When it started.
std::uint64_t launch(const char* name) {
  const std::uint32_t correlation = ++launches;
  const std::uint64_t now = utc_ns();
  tell(kernel(name, now + 500, now + 900, correlation));
  tell_call(launch_kernel, now, correlation);
  tell_call(get_device, now, correlation + 1'000'000'000);
  return now;
}

void launch_from_threads(int threads, int count) {
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([t, count] {
      nvtxRangePushA(("thread " + std::to_string(t)).c_str());
      for (int i = 0; i < count; ++i) launch(i % 2 == 0 ? "_Z4gemmv" : "triton_red_fused_0");
      nvtxRangePop();
    });
  }
  for (auto& thread : all) thread.join();
}

// Records that are out of order, say nothing, or are of no kind that is known.
void odd_records() {
  const std::uint64_t now = utc_ns();
  for (std::uint32_t i = 100; i > 0; --i) tell(kernel("backwards", now + 10 * i, now + 10 * i + 5, i));
  for (std::uint32_t i = 0; i < 3; ++i) tell(kernel("without times", 0, 0, 1000 + i));
  for (std::uint32_t i = 0; i < 2; ++i) tell(kernel("ends before it starts", now + 10, now, 2000 + i));
  for (std::uint32_t i = 0; i < 4; ++i) {
    CUpti_Activity record{};
    record.kind = static_cast<CUpti_ActivityKind>(CUPTI_ACTIVITY_KIND_COUNT + 5000 + i);
    tell(record);
  }
  launches = 100;
}

template <class Handle>
Handle handle(std::uint64_t id) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(id));
}

// Two nodes captured in two ranges, instantiated in a third, replayed twice in a fourth. With `two_threads` a thread
// that has no ranges captures the second node, as PyTorch's backward pass does.
void graph(bool two_threads) {
  constexpr std::uint64_t captured = 10;
  constexpr std::uint64_t clone = 11;
  const auto node = [](std::uint64_t graph, std::uint64_t place) { return graph << 32 | place; };
  CUpti_GraphData data{};
  data.graph = handle<CUgraph>(captured);
  fake.resource(CUPTI_CBID_RESOURCE_GRAPH_CREATED, &data);
  const char* ranges[] = {"forward", "backward"};
  nvtxRangePushA("capture");
  for (std::uint64_t i = 0; i < 2; ++i) {
    nvtxRangePushA(ranges[i]);
    data.node = handle<CUgraphNode>(node(captured, i));
    const auto capture = [&data] { fake.resource(CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED, &data); };
    two_threads&& i == 1 ? std::thread(capture).join() : capture();
    nvtxRangePop();
  }
  nvtxRangePop();
  nvtxRangePushA("instantiate");
  data.graph = handle<CUgraph>(clone);
  data.originalGraph = handle<CUgraph>(captured);
  fake.resource(CUPTI_CBID_RESOURCE_GRAPH_CLONED, &data);
  for (std::uint64_t i = 0; i < 2; ++i) {
    data.node = handle<CUgraphNode>(node(clone, i));
    data.originalNode = handle<CUgraphNode>(node(captured, i));
    fake.resource(CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED, &data);
    fake.resource(CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED, &data);
  }
  data.graphExec = handle<CUgraphExec>(12);
  fake.resource(CUPTI_CBID_RESOURCE_GRAPHEXEC_CREATED, &data);
  nvtxRangePop();
  nvtxRangePushA("replay");
  for (std::uint32_t replay = 1; replay <= 2; ++replay) {
    const std::uint64_t now = utc_ns();
    tell_call(launch_graph, now, replay);
    for (std::uint64_t i = 0; i < 2; ++i) {
      auto record = kernel(i == 0 ? "first" : "second", now + 2000 + 100 * i, now + 2050 + 100 * i, replay);
      record.graphNodeId = node(clone, i);
      record.graphId = static_cast<std::uint32_t>(clone);
      tell(record);
    }
    std::this_thread::sleep_for(1ms);
  }
  nvtxRangePop();
  launches = 4;
}

// 3 outside, 5 in a range, 3 outside, 2 in it again, 1 outside.
void launch_in_and_out_of_a_range() {
  const auto some = [](const char* name, int count) {
    for (int i = 0; i < count; ++i) launch(name);
  };
  some("outside", 3);
  nvtxRangePushA("wanted");
  some("inside", 5);
  nvtxRangePop();
  some("outside", 3);
  nvtxRangePushA("wanted");
  some("inside", 2);
  nvtxRangePop();
  some("outside", 1);
}

void fork_between_launches() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (int t = 0; t < 2; ++t) {
    others.emplace_back([&stop] {
      while (!stop) {
        launch("beside forks");
        std::this_thread::sleep_for(50us);
      }
    });
  }
  // CUPTI holds a lock of its own while it tells of a context, and the collector has locks too: a fork takes all of
  // those, and must not wait for ever.
  others.emplace_back([&stop] {
    while (!stop) {
      fake.resource(CUPTI_CBID_RESOURCE_CONTEXT_CREATED, nullptr);
      std::this_thread::sleep_for(300us);
    }
  });
  int good = 0;
  for (int i = 0; i < 1000; ++i) {
    if (i % 20 == 0) launch("before a fork");
    const pid_t child = fork();
    if (child == 0) std::exit(0);
    int status = 0;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) ++good;
  }
  stop = true;
  for (auto& other : others) other.join();
  std::printf("%d children\n", good);
}

// Each thread holds a buffer of its own: there are not so many.
void more_threads_than_buffers() {
  constexpr int threads = 40;
  std::atomic<int> ready{0};
  std::atomic<int> done{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&ready, &done] {
      ++ready;
      while (ready < threads) std::this_thread::yield();
      for (int i = 0; i < 50; ++i) launch("many");
      ++done;
      while (done < threads) std::this_thread::yield();  // a thread's end leaves its buffer to the next
    });
  }
  for (auto& thread : all) thread.join();
  std::printf("%zu dropped\n", fake.dropped());
}

// Until it kills itself. `path`: how many kernels were launched, and when each was, as 64-bit numbers.
void launch_until_killed(const char* path, int milliseconds) {
  constexpr std::size_t most = 1 << 16;
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ftruncate(file, (most + 1) * sizeof(std::uint64_t)) != 0) std::abort();
  auto* log = static_cast<std::uint64_t*>(
      mmap(nullptr, (most + 1) * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  std::thread([milliseconds] {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    kill(getpid(), SIGKILL);
  }).detach();
  for (std::size_t i = 1; i <= most; ++i) {
    log[i] = launch("until killed");
    std::atomic_ref(log[0]).store(i);
    std::this_thread::sleep_for(200us);
  }
  std::this_thread::sleep_for(1h);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto number = [argc, argv](int i) { return argc > i ? std::atoi(argv[i]) : 0; };
  if (mode == "map") {
    if (dlopen(std::getenv("CUDA_INJECTION64_PATH"), RTLD_NOW) == nullptr) return 1;
  } else if (mode == "init") {
    cu_init();
  } else {
    make_context();
  }
  if (mode == "launches") {
    launch_from_threads(number(2), number(3));
  } else if (mode == "short_threads") {
    for (int i = 0; i < number(2); ++i) launch_from_threads(1, 3);
  } else if (mode == "odd") {
    odd_records();
  } else if (mode == "graph") {
    graph(number(2) == 2);
  } else if (mode == "windows") {
    launch_in_and_out_of_a_range();
  } else if (mode == "fork") {
    fork_between_launches();
  } else if (mode == "drops") {
    more_threads_than_buffers();
  } else if (mode == "exec") {
    launch_from_threads(1, 20);
    std::this_thread::sleep_for(1500ms);  // exec leaves no time to flush: at most the last second may be lost
    execl(argv[0], argv[0], "launches", "1", "30", nullptr);
    return 99;
  } else if (mode == "until_killed") {
    launch_until_killed(argv[2], number(3));
  } else if (mode != "map" && mode != "init" && mode != "context") {
    std::fputs("unknown mode\n", stderr);
    return 2;
  }
  std::printf("%u launched\n", launches.load());
  return own_exit_code;
}

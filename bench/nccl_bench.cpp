// What the collector takes of NCCL's threads: of the one that enqueues a collective, and of the one that watches its
// kernel's channels.
//
//   nccl_bench [COLLECTOR]     COLLECTOR: libfoldperf_collector.so (default: the one of this build)
//
// Calls the plugin's table as NCCL 2.28 does; prints nanoseconds, the median of many bursts with pauses between them.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "collectors/nccl/abi.hpp"
#include "core/database/merger.hpp"
#include "core/database/reader.hpp"

namespace {

namespace abi = foldperf::collectors::nccl::abi;
using Clock = std::chrono::steady_clock;

constexpr int channels = 24;
constexpr int collectives = 20;
constexpr int bursts = 300;

const abi::Plugin5* plugin = nullptr;
void* context = nullptr;

void* start(abi::Descriptor5& event) {
  void* handle = nullptr;
  plugin->start_event(context, &handle, &event);
  return handle;
}

void* enqueue(std::uint64_t number) {
  abi::Descriptor5 call{};
  call.type = abi::collective_call;
  call.collective_call = {"AllReduce", 1 << 20, "ncclBfloat16", 0, nullptr, false};
  void* const called = start(call);
  abi::Descriptor5 event{};
  event.type = abi::collective;
  event.parent = called;
  event.collective.common = {number,         "AllReduce", nullptr, nullptr, 1 << 20, 0,
                             "ncclBfloat16", channels,    16,      "RING",  "SIMPLE"};
  void* const handle = start(event);
  plugin->stop_event(called);
  plugin->stop_event(handle);
  return handle;
}

void watch_channel(void* collective, int channel) {
  abi::Descriptor5 event{};
  event.type = abi::kernel_channel;
  event.parent = collective;
  event.kernel_channel = {static_cast<std::uint8_t>(channel), 1000};
  void* const handle = start(event);
  abi::StateArguments4 arguments{};
  arguments.gpu_timer = 2000;
  plugin->record_event_state(handle, abi::kernel_channel_stop, &arguments);
  plugin->stop_event(handle);
}

double nanoseconds(Clock::duration time) { return std::chrono::duration<double, std::nano>(time).count(); }

void print(const char* what, std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  std::printf("  %-46s %7.0f ns  (p90 %.0f)\n", what, times[times.size() / 2], times[times.size() * 9 / 10]);
}

int fail(const std::string& problem) {
  std::fprintf(stderr, "nccl_bench: %s\n", problem.c_str());
  return 1;
}

int measure(const std::string& collector) {
  void* const library = dlopen(collector.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(dlerror());
  plugin = static_cast<const abi::Plugin5*>(dlsym(library, "ncclProfiler_v5"));
  if (plugin == nullptr) return fail(collector + " has no ncclProfiler_v5");
  int mask = 0;
  plugin->init(&context, 1, &mask, "bench", 1, 8, 0, nullptr);
  if (mask == 0) return fail("the collector asks for no events");
  std::vector<double> enqueued, watched;
  std::uint64_t number = 0;
  for (int burst = 0; burst < bursts; ++burst) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::array<void*, collectives> handles{};
    const auto begin = Clock::now();
    for (void*& handle : handles) handle = enqueue(number++);
    const auto middle = Clock::now();
    for (void* handle : handles) {
      for (int channel = 0; channel < channels; ++channel) watch_channel(handle, channel);
    }
    watched.push_back(nanoseconds(Clock::now() - middle) / collectives / channels);
    enqueued.push_back(nanoseconds(middle - begin) / collectives);
  }
  plugin->finalize(context);
  print("a collective: call and enqueueing", enqueued);
  print("a channel of its kernel", watched);
  std::fflush(stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string collector = argc > 1 ? argv[1] : FOLDPERF_COLLECTOR;
  std::string folder = (std::filesystem::temp_directory_path() / "foldperf-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail("no folder can be made in the temporary one");
  setenv("FOLDPERF_OUTPUT_DIR", folder.c_str(), 1);
  for (const char* level : {"kernels", "full"}) {
    std::printf("level %s\n", level);
    std::fflush(stdout);
    setenv("FOLDPERF_LEVEL", level, 1);
    const pid_t child = fork();
    if (child == 0) std::exit(measure(collector));
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  for (const std::string& file : foldperf::database::process_files(folder)) {
    const foldperf::database::RunReader reader(file);
    std::int64_t dropped = 0;
    for (const auto& row : reader.dropped()) dropped += row.count;
    std::printf("kept %lld of %d collectives, %lld channels, dropped and counted %lld\n",
                static_cast<long long>(reader.count("collectives")), bursts * collectives,
                static_cast<long long>(reader.count("collective_channels")), static_cast<long long>(dropped));
  }
  std::filesystem::remove_all(folder);
  return 0;
}

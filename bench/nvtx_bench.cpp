// What an NVTX range costs a program, with and without the collector.
//
//   nvtx_bench [COLLECTOR]     COLLECTOR: libfoldperf_collector.so (default: the one of this build)
//
// Prints nanoseconds per push/pop pair, the median of many bursts with pauses between them, as a training step makes
// them; then the same without a pause, and how much of it the collector could keep.
#include <nvtx3/nvToolsExt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/database/merger.hpp"
#include "core/database/reader.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double ns_per_pair(int pairs, const std::function<void()>& pair) {
  const auto start = Clock::now();
  for (int i = 0; i < pairs; ++i) pair();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / pairs;
}

void measure(const char* what, const std::function<void()>& pair) {
  constexpr int bursts = 200;
  constexpr int pairs = 2000;
  ns_per_pair(pairs, pair);  // the first event of a thread makes its buffer
  std::vector<double> times;
  for (int i = 0; i < bursts; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    times.push_back(ns_per_pair(pairs, pair));
  }
  std::sort(times.begin(), times.end());
  std::printf("  %-46s %7.0f ns  (p90 %.0f)\n", what, times[bursts / 2], times[bursts * 9 / 10]);
}

constexpr int sustained_pairs = 1'000'000;

int measure_all() {
  const nvtxDomainHandle_t domain = nvtxDomainCreateA("bench");
  nvtxEventAttributes_t registered{};
  registered.version = NVTX_VERSION;
  registered.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  registered.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  registered.message.registered = nvtxDomainRegisterStringA(domain, "evoformer.blocks.0.core.msa_transition");
  nvtxEventAttributes_t text = registered;
  text.messageType = NVTX_MESSAGE_TYPE_ASCII;
  text.message.ascii = "evoformer.blocks.0.core.msa_transition";
  measure("push/pop, short text", [] {
    nvtxRangePushA("step");
    nvtxRangePop();
  });
  measure("push/pop in a domain, text of 38 characters", [&] {
    nvtxDomainRangePushEx(domain, &text);
    nvtxDomainRangePop(domain);
  });
  measure("push/pop in a domain, registered string", [&] {
    nvtxDomainRangePushEx(domain, &registered);
    nvtxDomainRangePop(domain);
  });
  std::printf("  %-46s %7.0f ns\n", "a million pairs without a pause", ns_per_pair(sustained_pairs, [] {
                nvtxRangePushA("sustained");
                nvtxRangePop();
              }));
  std::fflush(stdout);
  return 0;
}

int run_child(const char* program) {
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/proc/self/exe", program, "--measure", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--measure") == 0) return measure_all();
  const std::string collector = argc > 1 ? argv[1] : FOLDPERF_COLLECTOR;
  unsetenv("NVTX_INJECTION64_PATH");
  std::puts("without collector");
  std::fflush(stdout);
  if (run_child(argv[0]) != 0) return 1;

  std::string folder = (std::filesystem::temp_directory_path() / "foldperf-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  setenv("NVTX_INJECTION64_PATH", collector.c_str(), 1);
  setenv("FOLDPERF_OUTPUT_DIR", folder.c_str(), 1);
  std::puts("with collector");
  std::fflush(stdout);
  const int code = run_child(argv[0]);
  for (const std::string& file : foldperf::database::process_files(folder)) {
    const foldperf::database::RunReader reader(file);
    std::int64_t dropped = 0;
    for (const auto& row : reader.dropped()) dropped += row.count;
    std::printf("  kept %lld ranges, dropped and counted %lld\n", static_cast<long long>(reader.count("NVTX_EVENTS")),
                static_cast<long long>(dropped));
  }
  std::filesystem::remove_all(folder);
  return code;
}

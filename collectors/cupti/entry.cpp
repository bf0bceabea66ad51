// The door that CUDA opens: the driver loads the library that CUDA_INJECTION64_PATH names and calls InitializeInjection
// while cuInit runs.
#include <cstdlib>
#include <exception>
#include <utility>

#include "collectors/control/control_server.hpp"
#include "collectors/counters/counter_sampling.hpp"
#include "collectors/cupti/library_search.hpp"
#include "collectors/cupti/tracer.hpp"
#include "collectors/gpu/environment.hpp"
#include "collectors/host/host_source.hpp"
#include "collectors/session/session.hpp"

namespace {

using namespace foldperf::collectors;

void start() {
  const Settings* settings = Session::instance().start();
  if (settings != nullptr) {
    start_host_sampler(Session::instance(), *settings);
    start_control(Session::instance(), *settings);
  }
  if (settings != nullptr && settings->gpu) {
    static GpuEnvironment* const environment = new GpuEnvironment;
    Session::instance().add_source(environment);
  }
  // Level light takes nothing of CUPTI, so that another profiler may have it.
  if (settings == nullptr || !settings->cupti || settings->level == Level::light) return;
  if (settings->counters) {
    CounterSettings counters;
    counters.metrics = settings->metrics;
    static CounterSampling* const sampling =
        new CounterSampling(std::move(counters), [] { return find_cupti().handle; });
    Session::instance().add_source(sampling);
  }
  const CuptiLibrary library = find_cupti();
  if (library.handle == nullptr) {
    return Tracer::instance().give_up("no CUPTI was found (tried " + library.path +
                                      "): install nvidia-cuda-cupti, or name it in FOLDPERF_CUPTI_PATH");
  }
  CuptiApi api;
  std::string missing;
  if (!api.load(library.handle, missing)) {
    return Tracer::instance().give_up(library.path + " has no " + missing + ": CUDA 12 or later is needed");
  }
  Tracer::instance().start(api, library.path, *settings);
  // While the driver still lives: its own end was registered earlier, and the last registered runs first. (atexit() is
  // no way to it: session/process_end.cpp.)
  on_exit([](int, void*) { Tracer::instance().finish(); }, nullptr);
}

}  // namespace

// 1: the collector is there. Anything else would make cuInit complain.
extern "C" __attribute__((visibility("default"))) int InitializeInjection() {
  static bool started = false;
  if (started) return 1;
  started = true;
  try {
    start();
  } catch (const std::exception&) {
    // No memory: the program goes on without.
  }
  return 1;
}

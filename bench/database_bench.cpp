// How fast NVTX ranges, or kernels and their launches, are written and merged. Prints numbers and never fails on a
// time.
//
//   database_bench [ranges=1000000] [threads=2] [processes=2]
//   database_bench kernels [events=1000000] [ranks=2] [launches a module=0]
//     events: of each rank, half of them launches. With modules, each lies in an NVTX range of its own, and a hundred
//     of them in that of a step. Then the steps are looked for and the summaries made, as foldperf merge does.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/analysis/run_summaries.hpp"
#include "core/analysis/step_finder.hpp"
#include "core/database/merger.hpp"
#include "core/database/reader.hpp"
#include "core/database/writer.hpp"

namespace {

using namespace foldperf;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

unsigned long long number(std::uint64_t value) { return value; }
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// `count` ranges as a training step makes them: module names that come again, every tenth with a payload.
void add_ranges(database::RunWriter& writer, std::int64_t count, std::int64_t thread) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i)
    names.push_back("evoformer.blocks." + std::to_string(i / 10) + ".core.module_" + std::to_string(i % 10));
  records::NvtxRecord record;
  record.domain_id = 1;
  record.category = 4;
  record.global_tid_start = records::global_tid(4242, 100 + thread);
  for (std::int64_t i = 0; i < count; ++i) {
    record.start_ns = i * 1000;
    record.end_ns = i * 1000 + 900;
    record.text = names[static_cast<std::size_t>(i) % names.size()];
    record.payload = i % 10 == 0 ? records::NvtxPayload::of_int64(i) : records::NvtxPayload{};
    writer.add(record);
  }
}

// The ranges that begin with the launch of that number: a module, a step.
void add_module(database::RunWriter& writer, const database::ProcessInfo& info, std::int64_t launch,
                std::int64_t module_launches) {
  constexpr std::int64_t step_modules = 100, launch_ns = 11'000;
  if (launch % module_launches != 0) return;
  const std::int64_t module = launch / module_launches;
  const std::string text = "evoformer.blocks." + std::to_string(module % step_modules);
  records::NvtxRecord range;
  range.domain_id = 1, range.category = 4, range.text = text;
  range.start_ns = launch * launch_ns, range.end_ns = range.start_ns + module_launches * launch_ns - 1;
  range.global_tid_start = records::global_tid(info.pid, info.pid);
  writer.add(range);
  if (module % step_modules != 0) return;
  range.category = 1, range.text = "step", range.payload = records::NvtxPayload::of_int64(module / step_modules);
  range.end_ns = range.start_ns + step_modules * module_launches * launch_ns - 1;
  writer.add(range);
}

// Kernels with the call that launched each, as a rank of a training run leaves them.
void write_rank(const std::string& path, const database::ProcessInfo& info, std::int64_t events,
                std::int64_t module_launches) {
  database::WriterOptions options;
  options.when_full = database::WhenFull::block;
  database::RunWriter writer(path, info, options);
  for (std::uint32_t name = 1; name <= 300; ++name) {
    writer.add(records::KernelNameRecord{name, false, "void cutlass::Kernel<float, " + std::to_string(name) + ">"});
  }
  writer.add(records::NvtxDomainRecord{1, "foldperf"});
  writer.add(records::NvtxCategoryRecord{1, 1, "step"});
  writer.add(records::NvtxCategoryRecord{1, 4, "module"});
  const std::uint32_t api = records::api_name_key(1, 211);
  writer.add(records::ApiNameRecord{api, "cudaLaunchKernel_v7000"});
  for (std::int64_t i = 0; i < events / 2; ++i) {
    const std::int64_t at = i * 11'000;
    if (module_launches > 0) add_module(writer, info, i, module_launches);
    records::RuntimeRecord launch;
    launch.start_ns = at, launch.end_ns = at + 4000, launch.name_key = api, launch.correlation_id = 1000 + i;
    launch.global_tid = records::global_tid(info.pid, info.pid);
    writer.add(launch);
    records::KernelRecord kernel;
    kernel.start_ns = at + 5000, kernel.end_ns = at + 9000, kernel.global_pid = records::global_pid(info.pid);
    kernel.correlation_id = static_cast<std::uint32_t>(1000 + i);
    kernel.name_key = 1 + static_cast<std::uint32_t>(i % 300);
    kernel.context_id = 1, kernel.stream_id = 7, kernel.registers_per_thread = 128;
    kernel.grid_x = 512, kernel.block_x = 256, kernel.dynamic_shared_bytes = 98304;
    writer.add(kernel);
  }
  writer.close();
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// The files are written in a child: what is left here is the merge's memory.
int bench_kernels(std::int64_t events, int ranks, std::int64_t module_launches) {
  const fs::path folder = fs::temp_directory_path() / ("foldperf-bench-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const pid_t writing = fork();
  if (writing == 0) {
    for (int rank = 0; rank < ranks; ++rank) {
      database::ProcessInfo info = database::this_process();
      info.rank = rank;
      info.pid = 4242 + rank;
      write_rank((folder / database::process_file_name(info)).string(), info, events, module_launches);
    }
    _exit(0);
  }
  waitpid(writing, nullptr, 0);
  const std::string output = (folder / "run.db").string();
  const auto start = Clock::now();
  const auto report = database::merge_process_files(database::process_files(folder.string()), output, {});
  const double merge_s = seconds_since(start);
  const auto millions = static_cast<double>(report.events) * 1e-6;
  const auto bytes_a_kernel = [&] {
    return static_cast<double>(fs::file_size(output)) / static_cast<double>(report.events) * 2;
  };
  std::printf("%d ranks, %.1f million events: merged in %.2f s (%.2f s a million), %.0f MB peak, %.0f bytes a kernel\n",
              ranks, millions, merge_s, merge_s / millions, peak_mb(), bytes_a_kernel());
  const auto finding = Clock::now();
  const auto steps = analysis::find_steps(output);
  const double steps_s = seconds_since(finding);
  const auto summarizing = Clock::now();
  analysis::summarize_run(output);
  const double summaries_s = seconds_since(summarizing);
  const double all_s = merge_s + steps_s + summaries_s;
  std::printf("steps of %zu ranks in %.2f s, summaries in %.2f s: in all %.2f s (%.2f s a million), %.0f MB peak, ",
              steps.size(), steps_s, summaries_s, all_s, all_s / millions, peak_mb());
  std::printf("%.0f bytes a kernel\n", bytes_a_kernel());
  fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "kernels") {
    return bench_kernels(argc > 2 ? std::atoll(argv[2]) : 1000000, argc > 3 ? std::atoi(argv[3]) : 2,
                         argc > 4 ? std::atoll(argv[4]) : 0);
  }
  const std::int64_t ranges = argc > 1 ? std::atoll(argv[1]) : 1000000;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
  const int processes = argc > 3 ? std::atoi(argv[3]) : 2;
  const fs::path folder = fs::temp_directory_path() / ("foldperf-bench-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::printf("%lld ranges, %d threads, %d process files, %s\n", static_cast<long long>(ranges), threads, processes,
              folder.c_str());

  double write_s = 0, add_s = 0;
  for (int process = 0; process < processes; ++process) {
    database::ProcessInfo info = database::this_process();
    info.rank = process;
    info.pid = 4242 + process;
    database::WriterOptions options;
    options.when_full = database::WhenFull::block;
    const auto start = Clock::now();
    database::RunWriter writer((folder / database::process_file_name(info)).string(), info, options);
    writer.add(records::NvtxDomainRecord{1, "foldperf"});
    writer.add(records::NvtxCategoryRecord{1, 4, "module"});
    std::vector<std::thread> workers;
    const std::int64_t each = ranges / processes / threads;
    for (int t = 0; t < threads; ++t) workers.emplace_back([&writer, each, t] { add_ranges(writer, each, t); });
    for (auto& worker : workers) worker.join();
    add_s += seconds_since(start);
    writer.close();
    write_s += seconds_since(start);
    const auto status = writer.status();
    std::printf("  process %d: added %llu, written %llu, dropped %llu %s\n", process, number(status.added),
                number(status.written), number(status.dropped_total()), status.error.c_str());
  }
  std::printf("write: %.3f s (%.2f million ranges/s); program's threads were busy for %.3f s\n", write_s,
              static_cast<double>(ranges) / write_s * 1e-6, add_s);

  {
    database::ProcessInfo info = database::this_process();
    info.pid = 1;
    database::RunWriter writer((folder / "calls").string(), info);
    records::NvtxRecord record;
    record.text = "evoformer.blocks.0.core.msa_transition";
    const int calls = 100000;
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) writer.add(record);
    std::printf("one add(): %.0f ns\n", seconds_since(begin) / calls * 1e9);
  }

  const std::string output = (folder / "run.db").string();
  auto start = Clock::now();
  const auto report = database::merge_process_files(database::process_files(folder.string()), output, {});
  const double merge_s = seconds_since(start);
  std::printf("merge: %.3f s (%.2f million ranges/s), %lld events, %.1f MB\n", merge_s,
              static_cast<double>(report.events) / merge_s * 1e-6, static_cast<long long>(report.events),
              static_cast<double>(fs::file_size(output)) * 1e-6);

  start = Clock::now();
  const database::RunReader reader(output);
  std::int64_t visited = 0;
  reader.for_each_nvtx({}, [&](const database::NvtxRow& row) { visited += row.text.empty() ? 0 : 1; });
  std::printf("read in order: %.3f s, %lld events\n", seconds_since(start), static_cast<long long>(visited));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("peak memory: %.0f MB\n", static_cast<double>(usage.ru_maxrss) / 1024);
  fs::remove_all(folder);
  return 0;
}

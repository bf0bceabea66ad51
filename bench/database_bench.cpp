// How fast NVTX ranges are written and merged. Prints numbers and never fails on a time.
//
//   database_bench [ranges=1000000] [threads=2] [processes=2]
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

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

}  // namespace

int main(int argc, char** argv) {
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

#include "core/database/merger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

#include "core/database/reader.hpp"
#include "core/database/sqlite.hpp"
#include "tests/core/database/sample_records.hpp"

namespace foldperf::database {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::int64_t one(const RunReader& reader, std::string_view sql) {
  std::int64_t value = -1;
  reader.query(sql, {}, [&](const QueryRow& row) {
    value = row.integer(0);
    return false;
  });
  return value;
}

// A process whose kernels and runtime calls have correlation ids 1 to 50, as those of every other process.
std::string colliding_file(const TemporaryFolder& folder, int rank, std::int64_t start_after_ns) {
  const std::string path = folder / ("rank" + std::to_string(rank) + ".foldperf");
  RunWriter writer(path, process(rank, 100, start_after_ns));
  const std::string domain = rank == 0 ? "foldperf" : "rank one's own";
  writer.add(records::NvtxDomainRecord{1, domain});
  writer.add(records::NvtxDomainRecord{2, "shared"});
  for (std::int64_t id = 1; id <= 50; ++id) {
    const std::string name = "launch " + std::to_string(id) + " of rank " + std::to_string(rank);
    records::RuntimeRecord call;
    call.start_ns = id * 100;
    call.end_ns = id * 100 + 10;
    call.correlation_id = id;
    call.name_key = static_cast<std::uint32_t>(id);
    writer.add(records::ApiNameRecord{call.name_key, name});
    writer.add(call);
    records::KernelRecord kernel;
    kernel.start_ns = id * 100 + 20;
    kernel.end_ns = id * 100 + 90;
    kernel.correlation_id = static_cast<std::uint32_t>(id);
    kernel.name_key = static_cast<std::uint32_t>(id);
    kernel.graph_node_id = static_cast<std::uint32_t>(id);
    writer.add(records::KernelNameRecord{kernel.name_key, false, name});
    writer.add(kernel);
    const std::string block = "block " + std::to_string(id);
    records::RangeStackRecord stack;
    stack.id = static_cast<std::uint32_t>(id);
    stack.text = block;
    writer.add(stack);
    records::GraphNodeRecord node;
    node.node = id;
    node.raw_node = id << 33;
    node.stack = stack.id;
    writer.add(node);
    auto record = range(id * 100, id * 100 + 99, name, id % 2 ? 1 : 2);
    record.event_type = records::NvtxEventType::start_end;
    record.range_id = id;
    writer.add(record);
  }
  writer.add(records::CommunicatorRecord{7, "0xabc", "world", 2, rank});
  writer.add(records::CommunicatorRecord{8, "", "local", 1, 0});
  for (const std::int64_t communicator : {7, 8}) {
    records::CollectiveRecord collective;
    collective.start_ns = 1;
    collective.communicator = communicator;
    collective.sequence_number = 3;
    collective.operation = "AllReduce";
    collective.correlation_id = 9;
    writer.add(collective);
  }
  writer.close();
  return path;
}

TEST(Merger, CollidingIdsOfTwoRanksStayApart) {
  const TemporaryFolder folder;
  const std::vector<std::string> files{colliding_file(folder, 0, 0), colliding_file(folder, 1, 5000)};
  const MergeReport report = merge_process_files(files, folder / "run.db", {});
  EXPECT_EQ(report.rows.at("NVTX_EVENTS"), 100);
  EXPECT_EQ(report.rows.at("CUPTI_ACTIVITY_KIND_KERNEL"), 100);
  EXPECT_EQ(report.events, 100 + 2 * 100 + 4);
  ASSERT_EQ(report.files.size(), 2u);
  for (const MergedFile& file : report.files) {
    EXPECT_TRUE(file.used && file.finished);
    EXPECT_EQ(file.problem, "");
  }
  const RunReader reader(folder / "run.db");

  // The join that people write for Nsight Systems' databases, without a word of ranks.
  std::int64_t pairs = 0;
  reader.query(
      "SELECT k.rank, r.rank, ks.value, rs.value FROM CUPTI_ACTIVITY_KIND_KERNEL k "
      "JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId "
      "JOIN StringIds ks ON ks.id = k.shortName JOIN StringIds rs ON rs.id = r.nameId",
      {}, [&](const QueryRow& row) {
        ++pairs;
        EXPECT_EQ(row.integer(0), row.integer(1));
        EXPECT_EQ(row.text(2), row.text(3));
        return true;
      });
  EXPECT_EQ(pairs, 100);
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT rangeId) FROM NVTX_EVENTS"), 100);
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT raw_rangeId) FROM NVTX_EVENTS"), 50);
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT raw_correlationId) FROM CUPTI_ACTIVITY_KIND_KERNEL"), 50);
  EXPECT_EQ(one(reader,
                "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUDA_GRAPH_NODE_EVENTS n USING (graphNodeId) "
                "JOIN range_stacks s ON s.id=n.stackId JOIN StringIds t ON t.id=s.textId WHERE k.rank=n.rank AND "
                "n.rank=s.rank AND t.value='block '||(k.graphNodeId-50*k.rank)"),
            100)
      << "graphs' ids of a file go behind those of the file before";
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT globalTid) FROM NVTX_EVENTS"), 2) << "the pids are the same number";
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT globalTid / 0x1000000 % 0x1000000) FROM NVTX_EVENTS"), 1);

  // Texts and domains go by their text, whatever their number was.
  std::map<std::string, int> domains;
  reader.for_each_nvtx({}, [&](const NvtxRow& row) {
    ++domains[std::string(row.domain)];
    EXPECT_THAT(std::string(row.text), HasSubstr("of rank " + std::to_string(row.rank)));
  });
  EXPECT_EQ(domains, (std::map<std::string, int>{{"foldperf", 25}, {"rank one's own", 25}, {"shared", 50}}));
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT domainId) FROM NVTX_EVENTS"), 3);

  // One communicator is shared by its global id; those that only one process knows are not.
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT communicator) FROM collectives"), 3);
  EXPECT_EQ(one(reader,
                "SELECT count(*) FROM collectives a JOIN collectives b ON a.communicator=b.communicator "
                "AND a.sequence_number=b.sequence_number AND a.rank<b.rank"),
            1);
  EXPECT_EQ(one(reader, "SELECT count(DISTINCT raw_communicator) FROM collectives"), 2);
  EXPECT_EQ(one(reader, "SELECT count(*) FROM collectives WHERE raw_correlationId=9"), 4);
  EXPECT_EQ(one(reader,
                "SELECT count(*) FROM collectives c JOIN CUPTI_ACTIVITY_KIND_KERNEL k USING (correlationId) "
                "WHERE k.rank=c.rank"),
            4);
}

TEST(Merger, TimesCountFromTheRunsStart) {
  const TemporaryFolder folder;
  const std::vector<std::string> files{colliding_file(folder, 0, 0), colliding_file(folder, 1, 5000)};
  RunInfo run;
  run.start_utc_ns = run_start_ns - 1000;
  run.command = "torchrun train.py";
  run.exit_code = 3;
  merge_process_files(files, folder / "run.db", run);
  const RunReader reader(folder / "run.db");
  EXPECT_EQ(reader.run().start_utc_ns, run_start_ns - 1000);
  EXPECT_EQ(reader.run().command, "torchrun train.py");
  EXPECT_EQ(reader.run().exit_code, 3);
  EXPECT_EQ(one(reader, "SELECT min(start) FROM NVTX_EVENTS WHERE rank=0"), 1100);
  EXPECT_EQ(one(reader, "SELECT min(start) FROM NVTX_EVENTS WHERE rank=1"), 6100);
  EXPECT_EQ(one(reader, "SELECT min(\"end\") FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE rank=1"), 6190);
  const auto ranks = reader.ranks();
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_EQ(ranks[0].offset_ns, 1000);
  EXPECT_EQ(ranks[1].offset_ns, 6000);
  EXPECT_EQ(ranks[1].source_file, files[1]);
}

TEST(Merger, ProcessesWithoutRankAreRankZeroUnlessOthersHaveOne) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, int rank, std::int64_t pid) {
    RunWriter writer(folder / name, process(rank, pid));
    writer.add(range(0, 1, name));
    writer.close();
    return folder / name;
  };
  const auto a = write("a", unknown_rank, 1), b = write("b", unknown_rank, 2), c = write("c", 4, 3);
  merge_process_files({a, b}, folder / "none.db", {});
  EXPECT_EQ(one(RunReader(folder / "none.db"), "SELECT sum(rank=0) FROM NVTX_EVENTS"), 2);
  EXPECT_EQ(RunReader(folder / "none.db").ranks().size(), 2u);
  merge_process_files({a, c}, folder / "some.db", {});
  const auto ranks = RunReader(folder / "some.db").ranks();
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_EQ(ranks[0].rank, -1);
  EXPECT_EQ(ranks[1].rank, 4);
}

TEST(Merger, CategoriesNumberedOtherwiseInTwoProcessesOfOneRankKeepTheirNames) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (int i = 0; i < 2; ++i) {
    files.push_back(folder / ("p" + std::to_string(i)));
    RunWriter writer(files.back(), process(0, 10 + i));
    writer.add(records::NvtxDomainRecord{3, "lib"});
    writer.add(records::NvtxCategoryRecord{3, 1, i == 0 ? "red" : "blue"});
    auto record = range(i, i + 1, i == 0 ? "red" : "blue", 3);
    record.category = 1;
    writer.add(record);
  }
  merge_process_files(files, folder / "run.db", {});
  int seen = 0;
  RunReader(folder / "run.db").for_each_nvtx({}, [&](const NvtxRow& row) {
    ++seen;
    EXPECT_EQ(row.domain, "lib");
    EXPECT_EQ(row.category_name, row.text);
  });
  EXPECT_EQ(seen, 2);
}

TEST(Merger, KilledProcessLosesAtMostItsLastSecond) {
  const TemporaryFolder folder;
  const std::string path = folder / "killed.foldperf";
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    RunWriter writer(path, process(0));
    writer.set_open_ranges_source(
        [](const RunWriter::Sink& sink) { sink(range(7, 0, "evoformer.blocks.3, where it died")); });
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0;; ++i) {
      // start_ns is the child's age: what was lost can be told from the last range.
      const auto age = std::chrono::steady_clock::now() - start;
      const auto age_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(age).count();
      writer.add(range(age_ns, age_ns + 1, "work " + std::to_string(i % 100)));
      if (write(told[1], &age_ns, sizeof age_ns) != sizeof age_ns) _exit(1);
      if (i % 50 == 0) std::this_thread::sleep_for(1ms);
    }
  }
  close(told[1]);
  std::int64_t last_ns = 0;
  bool killed = false;
  for (std::int64_t age_ns = 0; read(told[0], &age_ns, sizeof age_ns) == sizeof age_ns;) {
    last_ns = age_ns;
    if (!killed && last_ns > 1'500'000'000) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  close(told[0]);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));

  EXPECT_EQ(RunReader(path).run().state, "running") << "readable as it lies there";
  const MergeReport report = merge_process_files({path}, folder / "run.db", {});
  EXPECT_TRUE(report.files[0].used);
  EXPECT_FALSE(report.files[0].finished);
  EXPECT_EQ(report.files[0].problem, "");
  const RunReader reader(folder / "run.db");
  EXPECT_EQ(reader.ranks()[0].state, "killed");
  EXPECT_FALSE(reader.ranks()[0].end_utc_ns.has_value());
  EXPECT_GE(one(reader, "SELECT max(start) FROM NVTX_EVENTS"), last_ns - 1'000'000'000);
  std::vector<std::string> open;
  reader.for_each_nvtx({}, [&](const NvtxRow& row) {
    if (!row.end_ns) open.emplace_back(row.text);
  });
  EXPECT_THAT(open, ElementsAre("evoformer.blocks.3, where it died"));
  EXPECT_EQ(reader.count("nvtx_open"), 0);
}

TEST(Merger, DamagedFilesGiveWhatCanBeRead) {
  const TemporaryFolder folder;
  const auto bytes_of_process = [&](const std::string& name, int rank) {
    RunWriter writer(folder / name, process(rank, 100 + rank));
    for (int i = 0; i < 5000; ++i) writer.add(range(i, i + 1, "range " + std::to_string(i % 300)));
    writer.close();
    return testing::read_file(folder / name);
  };
  bytes_of_process("good.foldperf", 1);
  const std::string whole = bytes_of_process("cut.foldperf", 2);
  testing::write_file(folder / "cut.foldperf", std::string_view(whole).substr(0, whole.size() * 85 / 100));
  // Past the pages of schema and indexes, which come first, lie those of the events alone.
  std::string holed = bytes_of_process("holed.foldperf", 3);
  holed.replace(holed.size() * 8 / 10, 8192, 8192, '\xA5');
  testing::write_file(folder / "holed.foldperf", holed);
  testing::write_file(folder / "empty.foldperf", "");
  testing::write_file(folder / "noise.foldperf", std::string(9000, 'z'));

  const auto files = process_files(folder.path());
  ASSERT_EQ(files.size(), 5u);
  const MergeReport report = merge_process_files(files, folder / "run.db", {});
  std::map<std::string, MergedFile> by_name;
  for (const MergedFile& file : report.files) by_name[std::filesystem::path(file.path).stem().string()] = file;
  EXPECT_EQ(by_name["good"].problem, "");
  EXPECT_THAT(by_name["cut"].problem, HasSubstr("damaged")) << "how much was cut off cannot be known";
  EXPECT_THAT(by_name["holed"].problem, HasSubstr("rows of NVTX_EVENTS"));
  EXPECT_TRUE(by_name["cut"].used && by_name["holed"].used);
  EXPECT_FALSE(by_name["empty"].used);
  EXPECT_THAT(by_name["empty"].problem, HasSubstr("is empty"));
  EXPECT_FALSE(by_name["noise"].used);

  const RunReader reader(folder / "run.db");
  std::map<std::string, std::int64_t> events;  // by file
  for (const RankRow& row : reader.ranks()) {
    events[std::filesystem::path(row.source_file).stem().string()] =
        one(reader, "SELECT count(*) FROM NVTX_EVENTS WHERE rank=" + std::to_string(row.rank));
  }
  EXPECT_EQ(events["good"], 5000);
  EXPECT_LT(events["cut"], 5000);
  EXPECT_GT(events["cut"], 2000) << "the last 15% of the file are about a third of the events";
  EXPECT_GT(events["holed"], 4000);
  std::int64_t lost = 0;
  for (const DroppedRow& row : reader.dropped()) {
    EXPECT_EQ(row.reason, "file damaged");
    if (row.rank == 3 && row.kind == "NVTX_EVENTS") lost += row.count;
  }
  EXPECT_EQ(lost + events["holed"], 5000) << "what a hole took is counted";
  EXPECT_EQ(process_files(folder.path()).size(), 5u) << "nothing is left beside, nothing taken away";
}

TEST(Merger, AFileThatCannotBeOpenedDoesNotEndTheMergeOfTheOthers) {
  const TemporaryFolder folder;
  const std::string good = colliding_file(folder, 0, 0);
  const std::string refused = colliding_file(folder, 1, 0);
  std::filesystem::permissions(refused, std::filesystem::perms(0));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(9);  // root may read everything
    try {
      const MergeReport report =
          merge_process_files({folder / "vanished.foldperf", refused, good}, folder / "run.db", {});
      const bool told = report.files[0].problem.find("no such file") != std::string::npos &&
                        report.files[1].problem.find("Permission denied") != std::string::npos;
      _exit(told && !report.files[0].used && !report.files[1].used && report.files[2].used ? 0 : 1);
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(2);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(RunReader(folder / "run.db").count("NVTX_EVENTS"), 50);
}

TEST(Merger, MoreKilledProcessesThanFilesMayBeOpen) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  {
    RunWriter writer(folder / "origin", process(0));
    writer.add(range(1, 2, "work"));
    ASSERT_TRUE(writer.flush(60s));
    for (int i = 0; i < 60; ++i) {
      files.push_back(folder / ("killed" + std::to_string(i)));
      for (const std::string suffix : {"", "-wal"}) {
        std::filesystem::copy_file(folder / ("origin" + suffix), files.back() + suffix);
      }
    }
  }
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{48, 48};
    setrlimit(RLIMIT_NOFILE, &limit);
    try {
      const MergeReport report = merge_process_files(files, folder / "run.db", {});
      for (const MergedFile& file : report.files) {
        if (!file.used || !file.problem.empty()) _exit(1);
      }
      _exit(report.events == 60 ? 0 : 2);
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(3);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Where the damage is found, the merge of a file begins again: what it had written by then is gone, what other files
// wrote is not.
TEST(Merger, DamageOnAnyPageLeavesTheOtherFilesWhole) {
  const TemporaryFolder folder;
  const std::string good = colliding_file(folder, 0, 0), other = colliding_file(folder, 1, 0);
  const std::string whole = testing::read_file(other);
  constexpr std::size_t page = 8192;
  for (std::size_t at = page; at + page <= whole.size(); at += page) {
    std::string damaged = whole;
    damaged.replace(at, page, page, '\xA5');
    testing::write_file(folder / "damaged", damaged);
    merge_process_files({good, folder / "damaged"}, folder / "run.db", {});
    std::int64_t ranges = 0;
    NvtxFilter of_good;
    of_good.rank = 0;
    RunReader(folder / "run.db").for_each_nvtx(of_good, [&](const NvtxRow& row) {
      ranges += row.text.empty() ? 0 : 1;
    });
    EXPECT_GE(ranges, 50) << "page " << at / page;
  }
}

TEST(Merger, NamesThatLookLikeAddressesAreFiles) {
  const TemporaryFolder folder;
  const std::string good = colliding_file(folder, 0, 0);
  std::string damaged = testing::read_file(good);
  damaged.replace(damaged.size() / 2, 8192, 8192, '\xA5');  // so that a file is salvaged beside the output
  testing::write_file(folder / "damaged.foldperf", damaged);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const std::string output = "file:run?mode=memory";
  merge_process_files({good, "damaged.foldperf"}, output, {});
  { RunWriter writer("file:process?mode=memory", process(0)); }
  EXPECT_TRUE(std::filesystem::exists(folder / output));
  EXPECT_GE(RunReader(output).count("NVTX_EVENTS"), 50);
  EXPECT_EQ(RunReader("file:process?mode=memory").run().state, "finished");
  std::filesystem::current_path(before);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(
      names, ::testing::UnorderedElementsAre("rank0.foldperf", "damaged.foldperf", output, "file:process?mode=memory"));
}

TEST(Merger, NothingReadableOrNoRoomLeavesNoOutput) {
  const TemporaryFolder folder;
  testing::write_file(folder / "noise", std::string(9000, 'z'));
  EXPECT_THAT(message_of<InputError>([&] { merge_process_files({folder / "noise"}, folder / "run.db", {}); }),
              HasSubstr("no file of this run can be read"));
  EXPECT_THAT(message_of<SystemError>([&] { merge_process_files({}, folder / "no/such/run.db", {}); }),
              HasSubstr("cannot write the merged run"));
  const std::string file = colliding_file(folder, 0, 0);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20000, 20000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      merge_process_files({file}, folder / "run.db", {});
      _exit(1);
    } catch (const SystemError&) {
      _exit(0);
    } catch (...) {
      _exit(2);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left += entry.path().string().find("run.db") != std::string::npos;
  }
  EXPECT_EQ(left, 0);
}

TEST(Merger, ARunOfNoFilesIsAnEmptyRun) {
  const TemporaryFolder folder;
  RunInfo run;
  run.command = "true";
  const MergeReport report = merge_process_files({}, folder / "run.db", run);
  EXPECT_EQ(report.events, 0);
  EXPECT_EQ(RunReader(folder / "run.db").run().command, "true");
  merge_process_files({}, folder / "run.db", run);  // an older output is replaced
}

}  // namespace
}  // namespace foldperf::database

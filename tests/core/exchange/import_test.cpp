// Traces of PyTorch's profiler and of our own export become runs; what is no trace is refused with its place.
#include <gmock/gmock.h>

#include <filesystem>

#include "core/database/reader.hpp"
#include "core/exchange/run_export.hpp"
#include "core/exchange/run_import.hpp"
#include "core/report/report.hpp"
#include "tests/core/exchange/exchange_run.hpp"
#include "tests/core/exchange/nsight_export.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> lines(const std::string& path, const std::string& sql) {
  database::sqlite::Connection connection(path, database::sqlite::OpenMode::read_only, path);
  database::sqlite::Statement statement(connection, sql);
  std::vector<std::string> rows;
  while (statement.step()) {
    std::string row;
    for (int i = 0; i < statement.columns(); ++i) {
      row += (i ? "|" : "") + std::string(statement.is_null(i) ? "NULL" : statement.text(i));
    }
    rows.push_back(row);
  }
  return rows;
}

class Import : public ::testing::Test {
 protected:
  std::string refusal(const std::string& text) {
    const std::string path = folder.write("t.json", text).string();
    const auto message = testing::message_of<InputError>([&] { import_traces({path}, out); });
    EXPECT_EQ(message.find(path), 0U) << message;
    int left = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++left;
    EXPECT_EQ(left, 1) << "only the trace is there";
    return message;
  }
  const testing::TemporaryFolder folder;
  const std::string out = folder / "out.db";
  const std::string gpu = (testing::project_dir() / "tests/data/exchange/gpu_rank1.json").string();
};

TEST_F(Import, ATraceOfAGpu) {
  const auto report = import_traces({gpu}, out);
  EXPECT_EQ(report.events, 7);
  EXPECT_EQ(report.not_taken, 2);
  EXPECT_THAT(lines(out, "SELECT rank,world_size,state FROM ranks"), ElementsAre("1|2|finished"));
  EXPECT_THAT(lines(out, "SELECT start_utc_ns FROM runs"), ElementsAre("1727743122100000000"));
  EXPECT_THAT(lines(out,
                    "SELECT rank,start,\"end\",name,deviceId,streamId,gridX,gridY,blockX,launch_start,"
                    "launch_end-launch_start FROM kernels"),
              ElementsAre("1|100250|112595|sm90_gemm<float>|0|7|4|33|128|20123|5001"));
  EXPECT_THAT(lines(out, "SELECT start,\"end\",bytes,copyKind FROM CUPTI_ACTIVITY_KIND_MEMCPY"),
              ElementsAre("200000|203000|4096|1"));
  EXPECT_THAT(lines(out, "SELECT start,bytes FROM CUPTI_ACTIVITY_KIND_MEMSET"), ElementsAre("210500|64"));
  EXPECT_THAT(lines(out, "SELECT step,start,\"end\",source FROM step_ranges"),
              ElementsAre("10|0|900500|nvtx", "11|1000000|1900000|nvtx"));
  EXPECT_THAT(lines(out, "SELECT kind,reason,count FROM dropped_records ORDER BY 1"),
              ElementsAre("Trace|not imported|1", "gpu_user_annotation|not imported|1"));
  const database::RunReader reader(out);
  EXPECT_THAT(report::render(reader, report::Format::text, {}), HasSubstr("sm90_gemm"));
}

// Written by torch.profiler 2.11 on a machine without GPU (tests/data/exchange/README.md).
TEST_F(Import, ATraceThatPyTorchWrote) {
  const std::string cpu = (testing::project_dir() / "tests/data/exchange/torch_cpu.json.gz").string();
  const auto report = import_traces({cpu}, out);
  EXPECT_GT(report.events, 50);
  EXPECT_THAT(lines(out,
                    "SELECT count(*)>0 FROM NVTX_EVENTS e JOIN StringIds s ON s.id=e.textId "
                    "JOIN NvtxDomains d ON d.domainId=e.domainId JOIN StringIds n ON n.id=d.nameId "
                    "WHERE s.value='aten::linear' AND n.value='PyTorch operators'"),
              ElementsAre("1"));
  EXPECT_THAT(lines(out, "SELECT step,source FROM step_ranges"), ElementsAre("1|nvtx", "2|nvtx"));
  const database::RunReader reader(out);
  EXPECT_THAT(report::render(reader, report::Format::text, {}), HasSubstr("step"));
}

TEST_F(Import, FilesOfSeveralRanks) {
  std::string text = testing::read_file(gpu);
  text.replace(text.find("\"rank\": 1"), 9, "\"rank\": 0");
  const std::string other = folder.write("rank0.json", text).string();
  EXPECT_EQ(import_traces({gpu, other}, out).ranks, 2);
  EXPECT_THAT(lines(out,
                    "SELECT rank,raw_correlationId,launch FROM (SELECT rank,raw_correlationId,(SELECT count(*) "
                    "FROM CUPTI_ACTIVITY_KIND_RUNTIME r WHERE r.correlationId=k.correlationId AND r.rank=k.rank) "
                    "AS launch FROM CUPTI_ACTIVITY_KIND_KERNEL k) ORDER BY 1"),
              ElementsAre("0|9|1", "1|9|1"));
}

TEST_F(Import, WhatWasExportedComesBack) {
  const std::string run = folder / "run.db";
  write_exchange_run(run);
  export_chrome(run, folder / "trace.json.gz");
  EXPECT_EQ(import_traces({folder / "trace.json.gz"}, out).ranks, 2);
  for (const std::string sql :
       {"SELECT rank,count(*),sum(\"end\"-start),min(gridX),min(name) FROM kernels GROUP BY rank",
        "SELECT rank,count(*),sum(launch_end-launch_start) FROM kernels GROUP BY rank",
        "SELECT rank,count(*),sum(bytes),sum(\"end\"-start),min(copyKind) FROM CUPTI_ACTIVITY_KIND_MEMCPY GROUP BY "
        "rank",
        "SELECT rank,eventType,count(*),sum(\"end\"-start) FROM NVTX_EVENTS GROUP BY 1,2 HAVING eventType=59",
        "SELECT rank,world_size FROM ranks ORDER BY 1"}) {
    database::sqlite::Connection(run, database::sqlite::OpenMode::read_write, run)
        .exec(
            "DROP VIEW IF EXISTS kernels;CREATE VIEW kernels AS SELECT k.rank,k.start,k.\"end\",k.gridX,"
            "s.value AS name,c.start AS launch_start,c.\"end\" AS launch_end FROM CUPTI_ACTIVITY_KIND_KERNEL k "
            "JOIN StringIds s ON s.id=k.shortName JOIN CUPTI_ACTIVITY_KIND_RUNTIME c USING(correlationId)");
    EXPECT_EQ(lines(run, sql), lines(out, sql)) << sql;
  }
}

TEST_F(Import, WhatIsNoTraceIsRefusedWithItsPlace) {
  EXPECT_THAT(refusal(""), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("{\"a\": 1}"), HasSubstr("no list traceEvents"));
  EXPECT_THAT(refusal("{\"traceEvents\": []}"), HasSubstr("holds no event"));
  EXPECT_THAT(refusal("{\"traceEvents\": [{\"ph\":\"X\","), HasSubstr("at byte 28: is no JSON"));
  EXPECT_THAT(refusal("{\"traceEvents\": [{\"ph\":\"X\",\"name\":\"gemm\",\"cat\":\"kernel\",\"pid\":1,\"tid\":1}]}"),
              HasSubstr("event \"gemm\" has no ts or dur"));
  EXPECT_THAT(refusal(std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03garbage", 17)), HasSubstr("t.json: "));
  EXPECT_THAT(testing::message_of<InputError>([&] { import_traces({folder / "no.json"}, out); }),
              HasSubstr("no.json: cannot be opened"));
}

std::string nsight_file(const testing::TemporaryFolder& folder) {
  const std::string path = folder / "report.sqlite";
  write_nsight_export(path);
  return path;
}

TEST_F(Import, AnExportOfNsightSystems) {
  const auto report = import_nsight(nsight_file(folder), out);
  EXPECT_EQ(report.ranks, 2);
  EXPECT_EQ(report.events, 8);
  EXPECT_THAT(lines(out, "SELECT rank,start,ns,name,full_name,gridX,launch_start FROM kernels ORDER BY 1"),
              ElementsAre("0|2000|3000|gemm|void gemm<float>(float*)|4|1100",
                          "1|2000|3000|gemm|void gemm<float>(float*)|4|1100"));
  EXPECT_THAT(lines(out, "SELECT rank,pid FROM ranks ORDER BY 1"), ElementsAre("0|100", "1|101"));
  EXPECT_THAT(lines(out, "SELECT d.rank,s.value FROM NvtxDomains d JOIN StringIds s ON s.id=d.nameId ORDER BY 1"),
              ElementsAre("0|training", "1|training"));
  EXPECT_THAT(lines(out, "SELECT rank,step,start,source FROM step_ranges ORDER BY 1,2"),
              ElementsAre("0|0|1000|nvtx", "0|1|10000|nvtx", "1|0|1000|nvtx", "1|1|10000|nvtx"));
  EXPECT_THAT(lines(out, "SELECT start_utc_ns FROM runs"), ElementsAre("1700000000000000000"));
  const database::RunReader reader(out);
  EXPECT_THAT(report::render(reader, report::Format::text, {}), HasSubstr("gemm"));
}

TEST_F(Import, NamesOfThreadsAndGpusOfNsightSystems) {
  import_nsight(nsight_file(folder), out);
  EXPECT_THAT(lines(out,
                    "SELECT t.rank,t.globalTid&0xFFFFFF,s.value,t.priority FROM ThreadNames t JOIN StringIds s ON "
                    "s.id=t.nameId ORDER BY 1"),
              ElementsAre("0|9|loader|20", "1|9|loader|20"));
  EXPECT_THAT(lines(out, "SELECT rank,gpuId,cudaId,pid,uuid,numMultiprocessors FROM TARGET_INFO_CUDA_DEVICE"),
              ElementsAre("0|0|0|100|GPU-a|132", "1|1|0|101|GPU-b|132"));
  EXPECT_THAT(lines(out,
                    "SELECT rank,id,name,busLocation,totalMemory,clockRate,smCount,computeMajor FROM TARGET_INFO_GPU "
                    "ORDER BY rank"),
              ElementsAre("0|0|NVIDIA H100|0000:01:00.0|85899345920|1980000000|132|9",
                          "1|1|NVIDIA H100|0000:02:00.0|85899345920|1980000000|132|9"));
  const database::RunReader reader(out);
  EXPECT_THAT(report::render(reader, report::Format::text, {}), HasSubstr("NVIDIA H100"));
}

// Exports of processes without CUDA's devices, or of versions that do not tell them.
TEST_F(Import, GpusOfNsightSystemsThatNoProcessIsKnownToSee) {
  const std::string path = nsight_file(folder);
  {
    database::sqlite::Connection db(path, database::sqlite::OpenMode::read_write, path);
    db.exec("DROP TABLE TARGET_INFO_CUDA_DEVICE;DROP TABLE ThreadNames");
  }
  import_nsight(path, out);
  EXPECT_THAT(lines(out, "SELECT rank,id FROM TARGET_INFO_GPU ORDER BY 1,2"), ElementsAre("0|0", "0|1", "1|0", "1|1"));
  EXPECT_THAT(lines(out, "SELECT count(*) FROM ThreadNames"), ElementsAre("0"));
}

// CUPTI's number of a node has its graph's in its upper half: beyond graph 255 it lies above the ids of one rank.
TEST_F(Import, NodesOfGraphsOfNsightSystems) {
  const std::string kernels =
      "SELECT rank,graphNodeId-(rank<<40),graphId-(rank<<40) FROM CUPTI_ACTIVITY_KIND_KERNEL "
      "ORDER BY rank,start";
  const std::string path = nsight_file(folder);
  database::sqlite::Connection db(path, database::sqlite::OpenMode::read_write, path);
  db.exec("ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL ADD COLUMN graphNodeId INTEGER");
  for (const std::string pid : {"100", "101"}) {
    for (const std::string node : {"(300<<32)+7", "(300<<32)+4", "(300<<32)+7", "0"}) {
      db.exec("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT max(end)+10,max(end)+20,0,1,7,34," + pid +
              "<<24,6,5,4,NULL," + node + " FROM CUPTI_ACTIVITY_KIND_KERNEL");
    }
  }
  import_nsight(path, out);  // without a column of graphs, as before 2026
  const auto expected = ElementsAre("0|NULL|NULL", "0|2|300", "0|1|300", "0|2|300", "0|NULL|NULL", "1|NULL|NULL",
                                    "1|2|300", "1|1|300", "1|2|300", "1|NULL|NULL");
  EXPECT_THAT(lines(out, kernels), expected);
  EXPECT_THAT(lines(out, "SELECT count(DISTINCT graphNodeId) FROM graph_kernels"), ElementsAre("4"));
  db.exec(
      "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL ADD COLUMN graphId INTEGER;"
      "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET graphId=CASE WHEN graphNodeId<>0 THEN 12 ELSE 0 END");
  import_nsight(path, out);
  EXPECT_THAT(lines(out, kernels), ElementsAre("0|NULL|NULL", "0|2|12", "0|1|12", "0|2|12", "0|NULL|NULL",
                                               "1|NULL|NULL", "1|2|12", "1|1|12", "1|2|12", "1|NULL|NULL"));
}

TEST_F(Import, NodesOfGraphsOfSeveralTraces) {
  const auto trace = [&](const std::string& name, int rank) {
    std::string text = "{\"distributedInfo\":{\"rank\":" + std::to_string(rank) + "},\"traceEvents\":[";
    for (const std::string node : {"1288490188807", "1288490188804", "0"}) {  // (300<<32)+7, (300<<32)+4
      text +=
          (text.back() == '[' ? "" : ",") +
          std::string("{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"gemm\",\"pid\":0,\"tid\":7,\"ts\":1,\"dur\":2,") +
          "\"args\":{\"graph id\":300,\"graph node id\":" + node + "}}";
    }
    return folder.write(name, text + "]}").string();
  };
  import_traces({trace("a.json", 0), trace("b.json", 1)}, out);
  const std::string kernels =
      "SELECT rank,graphNodeId&1099511627775,graphId&1099511627775 FROM "
      "CUPTI_ACTIVITY_KIND_KERNEL ORDER BY rank,rowid";
  EXPECT_THAT(lines(out, kernels),
              ElementsAre("0|1|300", "0|2|300", "0|NULL|NULL", "1|1|300", "1|2|300", "1|NULL|NULL"));
  EXPECT_THAT(lines(out, "SELECT count(DISTINCT graphNodeId),count(DISTINCT graphId) FROM CUPTI_ACTIVITY_KIND_KERNEL"),
              ElementsAre("4|2"));
  // What is exported and imported again has the same graphs.
  export_chrome(out, folder / "again.json");
  const std::string again = folder / "again.db";
  import_traces({folder / "again.json"}, again);
  EXPECT_EQ(lines(again, kernels), lines(out, kernels));
}

TEST_F(Import, AnSqliteFileOfANewerFormatSaysWhatToDo) {
  const std::string path = nsight_file(folder);
  std::string bytes = testing::read_file(path);
  bytes[47] = 9;  // the schema's format: https://sqlite.org/fileformat2.html, at most 4 so far
  testing::write_file(path, bytes);
  const auto newer = HasSubstr("report.sqlite: is an SQLite file of a newer format");
  EXPECT_THAT(testing::message_of<InputError>([&] { import_nsight(path, out); }), newer);
  EXPECT_THAT(testing::message_of<InputError>([&] { export_chrome(path, folder / "t.json"); }), newer);
  EXPECT_THAT(testing::message_of<InputError>([&] { database::RunReader reader(path); }), newer);
}

TEST_F(Import, ARunDatabaseIsNotImported) {
  const std::string run = folder / "run.db";
  write_exchange_run(run);
  EXPECT_THAT(testing::message_of<InputError>([&] { import_nsight(run, out); }),
              HasSubstr("run.db: is a run database already"));
}

TEST_F(Import, WhatIsNoExportOfNsightSystemsNamesTheTable) {
  const auto refused = [&](const std::string& sql) {
    const std::string path = nsight_file(folder);
    database::sqlite::Connection(path, database::sqlite::OpenMode::read_write, path).exec(sql);
    const auto message = testing::message_of<InputError>([&] { import_nsight(path, out); });
    std::filesystem::remove(path);
    EXPECT_FALSE(std::filesystem::exists(out));
    return message;
  };
  EXPECT_THAT(refused("DROP TABLE StringIds"),
              HasSubstr("report.sqlite: is no export of Nsight Systems: no table StringIds"));
  EXPECT_THAT(refused("ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN start"),
              HasSubstr("table CUPTI_ACTIVITY_KIND_KERNEL has no column start"));
  EXPECT_THAT(refused("DELETE FROM NVTX_EVENTS;DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL;"
                      "DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME"),
              HasSubstr("holds no kernel, call or NVTX range"));
}

}  // namespace
}  // namespace foldperf::exchange
